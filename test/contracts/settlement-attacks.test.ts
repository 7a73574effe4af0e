import { expect } from "chai";
import { concat, type Hex, slice } from "viem";
import { committeeOf, type LocalRequest } from "../../deploy/local/committee.ts";
import { labelledKey } from "../../deploy/local/world.ts";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import { evidenceOf, lie, truth } from "../helpers/disputes.ts";
import { forge, type Forgery, keyOf, twinOf, withHead } from "../helpers/forge.ts";
import { ask, askAndPost, balanceIn, post, selectorOf, settle, useMarket } from "../helpers/market.ts";

const all = 0b11111n;
/** The default of a committee of five. */
const quorum = 0b01111n;

describe("Settling", () => {
  const market = useMarket({ task: { window: 3_000 } });

  async function expectRefused(settlement: Settlement, reason: Parameters<typeof selectorOf>[1]) {
    const m = market();
    await expect(settle(m, settlement))
      .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
      .withArgs(selectorOf(m, reason));
  }

  it("is done once: the same settlement again finds nothing open", async () => {
    const m = market();
    const settlement = await forge(m, await askAndPost(m));
    await settle(m, settlement);
    await expectRefused(settlement, "NotOpen");
  });

  it("is done once within a batch: the second of two equal items is skipped", async () => {
    const m = market();
    const request = await askAndPost(m);
    const settlement = await forge(m, request);
    const before = await balanceIn(m, m.settler.address);
    await expect(settle(m, settlement, settlement))
      .to.emit(m.escrow, "SettlementSkipped")
      .withArgs(request.requestId, selectorOf(m, "NotOpen"));
    expect((await balanceIn(m, m.settler.address)) - before).to.equal(100_000n);
  });

  it("is not done for a request whose round is unknown", async () => {
    await expectRefused(await forge(market(), await ask(market())), "RoundUnknown");
  });

  it("posts the round of a request in the same transaction", async () => {
    const m = market();
    const request = await ask(m);
    await m.networkHelpers.time.increase(10);
    const { round } = request.fields;
    const rounds = [{ round, signature: m.world.beacon.sign(round) }];
    const settlement = await forge(m, request);
    const settled = m.escrow.connect(m.settler).settle([settlement], rounds);
    await expect(settled).to.emit(m.escrow, "RoundRecorded").and.to.emit(m.escrow, "Settled");
  });

  it("is refused if any word of the request is changed", async () => {
    const settlement = await forge(market(), await askAndPost(market()));
    const { request } = settlement;
    for (const word of ["origin", "work", "rules", "terms"] as const) {
      for (const bit of [0n, 100n, 255n]) {
        const changed = { ...request, [word]: request[word] ^ (1n << bit) };
        await expectRefused({ ...settlement, request: changed }, "NotOpen");
      }
    }
    const inputDigest: Hex = `0x${"77".repeat(32)}`;
    await expectRefused({ ...settlement, request: { ...request, inputDigest } }, "NotOpen");
  });

  describe("with a committee's words that are not right", () => {
    const cases: readonly (readonly [string, Forgery, Parameters<typeof selectorOf>[1]])[] = [
      ["fewer signers than the quorum", { attested: 0b00111n, committed: all }, "QuorumNotReached"],
      ["no signer at all", { attested: 0n, committed: all }, "QuorumNotReached"],
      [
        "a member's signature in another's place too",
        { key: (i, members) => keyAt(members, i === 1 ? 0 : i) },
        "WrongSigner",
      ],
      [
        "two signatures in each other's place",
        { key: (i, members) => keyAt(members, i < 2 ? 1 - i : i) },
        "WrongSigner",
      ],
      [
        "the signature of a node that was not drawn",
        { key: (i, members) => (i === 2 ? outsiderOf(members) : undefined) },
        "WrongSigner",
      ],
      [
        "the signature of a key that is no node's",
        { key: (i) => (i === 4 ? labelledKey("nobody") : undefined) },
        "WrongSigner",
      ],
      [
        "signatures for another request",
        { signed: (w) => ({ ...w, requestId: `0x${"31".repeat(32)}` }) },
        "WrongSigner",
      ],
      ["signatures for another chain", { chainId: 1n }, "WrongSigner"],
      ["signatures for another escrow", { escrow: `0x${"e5".repeat(20)}` }, "WrongSigner"],
      ["signatures for another level", { signed: (w) => ({ ...w, level: 1n }) }, "WrongSigner"],
      ["signatures over another digest", { signed: (w) => ({ ...w, digest: `0x${"44".repeat(32)}` }) }, "WrongSigner"],
      [
        "signatures over another commit root",
        { signed: (w) => ({ ...w, commitRoot: `0x${"55".repeat(32)}` }) },
        "WrongSigner",
      ],
      ["signatures over another set of commits", { signed: (w) => ({ ...w, committed: quorum }) }, "WrongSigner"],
      ["high-s twins of the signatures", { signature: twinOf }, "WrongSigner"],
      ["a zero signature", { signature: (s, i) => (i === 0 ? `0x${"00".repeat(64)}` : s) }, "WrongSigner"],
      ["an all-ones signature", { signature: (s, i) => (i === 0 ? `0x${"ff".repeat(64)}` : s) }, "WrongSigner"],
      ["the wrong parity", { signature: (s) => flipTopBit(s) }, "WrongSigner"],
    ];
    for (const [name, forgery, reason] of cases) {
      it(`refuses ${name}`, async () => {
        await expectRefused(await forge(market(), await askAndPost(market()), forgery), reason);
      });
    }

    it("refuses a zero signature for a member in jail, whose signer is zero as well", async () => {
      const m = market();
      const [request, other] = [await askAndPost(m), await askAndPost(m, { slot: 1n })];
      const [member] = await committeeOf(m.world, request);
      if (member === undefined) throw new Error("The committee is empty.");
      const [a, b] = [
        await evidenceOf(m, other, [member], 0, { digest: truth(other) }),
        await evidenceOf(m, other, [member], 0, { digest: lie }),
      ];
      await m.disputes.proveEquivocation(other.words, 0, a, b);
      expect((await m.escrow.nodeWord(member.nodeId)) >> 96n, "its signer").to.equal(0n);
      const forged = await forge(m, request, { signature: (s, i) => (i === 0 ? `0x${"00".repeat(64)}` : s) });
      await expectRefused(forged, "WrongSigner");
    });

    it("refuses another's leaf, which a copier would have committed to", async () => {
      const m = market();
      const request = await askAndPost(m);
      // what was signed has the copied leaf; what the chain rebuilds has the copier's own node
      const copied = await forge(m, request, { leafNode: (i, members) => members[i === 3 ? 0 : i]?.nodeId ?? 0n });
      await expectRefused(copied, "WrongSigner");
    });

    it("refuses leaves of another level or another request", async () => {
      const m = market();
      const request = await askAndPost(m);
      await expectRefused(await forge(m, request, { level: 1n }), "WrongSigner");
      await expectRefused(await forge(m, request, { leafRequestId: `0x${"66".repeat(32)}` }), "WrongSigner");
    });

    it("refuses signers of two different roots: a node that shows two leaves splits its committee", async () => {
      const m = market();
      const request = await askAndPost(m);
      const one = await forge(m, request);
      const other = await forge(m, request, { signed: (words) => ({ ...words, commitRoot: `0x${"77".repeat(32)}` }) });
      const mixed = concat([slice(one.proof, 0, 3 * 80), slice(other.proof, 3 * 80)]);
      await expectRefused({ ...one, proof: mixed }, "WrongSigner");
    });

    it("refuses a proof of any other length", async () => {
      const m = market();
      const settlement = await forge(m, await askAndPost(m), { attested: quorum });
      for (const proof of [
        "0x",
        slice(settlement.proof, 1),
        slice(settlement.proof, 0, -1),
        concat([settlement.proof, "0x00"]),
      ] as const) {
        await expectRefused({ ...settlement, proof }, "InvalidProofLength");
      }
    });

    it("refuses a leaf where a signature is called for, and the other way round", async () => {
      const m = market();
      const settlement = await forge(m, await askAndPost(m), { attested: quorum, committed: all });
      await expectRefused(withHead(settlement, { attested: all }), "InvalidProofLength");
      const signedOnly = await forge(m, await askAndPost(m, { slot: 1n }));
      await expectRefused(withHead(signedOnly, { attested: quorum }), "InvalidProofLength");
    });

    it("refuses bits outside the committee", async () => {
      const m = market();
      const settlement = await forge(m, await askAndPost(m));
      await expectRefused(withHead(settlement, { committed: all | (1n << 5n) }), "InvalidBitmaps");
      await expectRefused(withHead(settlement, { committed: 0xffffffffn, attested: 0xffffffffn }), "InvalidBitmaps");
      await expectRefused(withHead(settlement, { attested: all | (1n << 31n) }), "InvalidBitmaps");
    });

    it("refuses members that attested and did not commit", async () => {
      const m = market();
      const settlement = await forge(m, await askAndPost(m));
      await expectRefused(withHead(settlement, { committed: quorum, attested: all }), "InvalidBitmaps");
      await expectRefused(withHead(settlement, { committed: 0n }), "InvalidBitmaps");
    });

    it("refuses an output that does not fit its status", async () => {
      const m = market();
      const long: Hex = `0x${"ab".repeat(1_025)}`;
      const request = await askAndPost(m);
      await expectRefused(await forge(m, request, { answer: { output: long } }), "InvalidOutput");
      const settlement = await forge(m, request);
      await expectRefused(withHead({ ...settlement, output: "0xab" }, { status: 1n }), "InvalidOutput");
      await expectRefused(withHead({ ...settlement, output: "0xab" }, { status: 2n }), "InvalidOutput");
      await expectRefused({ ...settlement, output: "0xab" }, "WrongSigner");
      await expectRefused(withHead(settlement, { usage: 999n }), "WrongSigner");
      await expectRefused(withHead(settlement, { status: 255n, usage: 1_000n }), "InvalidOutput");
    });

    it("settles success by hash, and a failure with an empty output", async () => {
      const m = market();
      const byHash = await forge(m, await askAndPost(m), { answer: { status: 1n, output: `0x${"9a".repeat(32)}` } });
      await expect(settle(m, byHash)).to.emit(m.escrow, "Settled");
      const failure = await forge(m, await askAndPost(m, { slot: 1n }), { answer: { status: 3n, output: "0x" } });
      await expect(settle(m, failure)).to.emit(m.escrow, "Settled");
    });

    const keyAt = (members: readonly { nodeId: bigint }[], i: number) => keyOf(market(), members[i]?.nodeId ?? 0n);
    const outsiderOf = (members: readonly { nodeId: bigint }[]) =>
      market().nodes.find(({ nodeId }) => members.every((member) => member.nodeId !== nodeId))?.signer;
  });

  describe("in a batch", () => {
    it("skips a bad item of every kind, names why, and settles the rest", async () => {
      const m = market();
      const requests: LocalRequest[] = [];
      for (let slot = 0n; slot < 10n; slot++) requests.push(await askAndPost(m, { slot }));
      const unknown = await ask(m, { slot: 10n });
      const at = (index: number) => {
        const request = requests[index];
        if (request === undefined) throw new Error(`There is no request ${index}.`);
        return request;
      };
      const good = [await forge(m, at(0)), await forge(m, at(9), { attested: quorum })];
      const settled = await forge(m, at(8));
      await settle(m, settled);
      const bad: [Settlement, LocalRequest, Parameters<typeof selectorOf>[1]][] = [
        [settled, at(8), "NotOpen"],
        [await forge(m, unknown), unknown, "RoundUnknown"],
        [withHead(await forge(m, at(1)), { committed: 1n << 30n }), at(1), "InvalidBitmaps"],
        [await forge(m, at(2), { attested: 1n }), at(2), "QuorumNotReached"],
        [{ ...(await forge(m, at(3))), proof: "0x1234" }, at(3), "InvalidProofLength"],
        [await forge(m, at(4), { chainId: 10n }), at(4), "WrongSigner"],
        [await forge(m, at(5), { answer: { output: `0x${"cd".repeat(2_000)}` } }), at(5), "InvalidOutput"],
      ];
      const [first, last] = good as [Settlement, Settlement];
      const batch = settle(m, first, ...bad.map(([item]) => item), last);
      for (const [, request, reason] of bad) {
        await expect(batch).to.emit(m.escrow, "SettlementSkipped").withArgs(request.requestId, selectorOf(m, reason));
      }
      await expect(batch).to.emit(m.escrow, "Settled").withArgs(at(0).requestId, anyDigest, first.head);
      await expect(batch).to.emit(m.escrow, "Settled").withArgs(at(9).requestId, anyDigest, last.head);
    });

    it("skips items that are late or whose draw is incomplete, and settles the rest", async () => {
      const m = market();
      const late = await askAndPost(m, { slot: 1n });
      const incomplete = await askAndPost(m, { slot: 2n, maxAsk: 4n });
      await m.networkHelpers.time.increase(4_000);
      await m.taskRegistry.publishSnapshot(m.taskId);
      const good = await askAndPost(m, { slot: 3n });
      const items = [
        await forge(m, late),
        incompleteSettlement(await forge(m, good), incomplete),
        await forge(m, good),
      ];
      const batch = settle(m, ...items);
      await expect(batch)
        .to.emit(m.escrow, "SettlementSkipped")
        .withArgs(late.requestId, selectorOf(m, "DeadlinePassed"));
      await expect(batch)
        .to.emit(m.escrow, "SettlementSkipped")
        .withArgs(incomplete.requestId, selectorOf(m, "CommitteeIncomplete"));
      await expect(batch).to.emit(m.escrow, "Settled");
    });

    it("reverts if no item is good, naming why the first is not", async () => {
      const m = market();
      const request = await askAndPost(m);
      const items = [await forge(m, request, { attested: 1n }), await forge(m, request, { chainId: 5n })];
      await expect(settle(m, ...items))
        .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
        .withArgs(selectorOf(m, "QuorumNotReached"));
      await expect(settle(m)).to.be.revertedWithCustomError(m.escrow, "NothingSettled").withArgs("0x00000000");
    });

    it("is stopped by a signature of a round that is wrong, which nobody else can slip in", async () => {
      const m = market();
      const request = await ask(m);
      await m.networkHelpers.time.increase(10);
      const { round } = request.fields;
      const rounds = [{ round, signature: m.world.beacon.sign(round + 1n) }];
      const settlement = await forge(m, request);
      await expect(m.escrow.settle([settlement], rounds))
        .to.be.revertedWithCustomError(m.beacon, "SignatureInvalid")
        .withArgs(round);
      await post(m, request);
      await expect(m.escrow.settle([settlement], rounds)).to.emit(m.escrow, "Settled"); // a posted round is ignored
    });
  });

  describe("on a chain that was reorganised", () => {
    it("does not settle another request that took the same sequence and slot", async () => {
      const m = market();
      const snapshot = await m.networkHelpers.takeSnapshot();
      const former = await askAndPost(m);
      const settlement = await forge(m, former);
      await snapshot.restore();
      const request = await askAndPost(m, { units: 101n });
      expect(request.fields.sequence).to.equal(former.fields.sequence);
      expect(request.fields.slot).to.equal(former.fields.slot);
      await expectRefused(settlement, "NotOpen");
      await expectRefused({ ...settlement, request: request.words }, "WrongSigner");
      await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
    });

    it("settles the same request that came back in another block", async () => {
      const m = market();
      const snapshot = await m.networkHelpers.takeSnapshot();
      const at = (await m.networkHelpers.time.latest()) + 100;
      await m.networkHelpers.time.setNextBlockTimestamp(at);
      const settlement = await forge(m, await askAndPost(m));
      await snapshot.restore();
      await m.networkHelpers.mine(3);
      await m.networkHelpers.time.setNextBlockTimestamp(at);
      await askAndPost(m);
      await expect(settle(m, settlement)).to.emit(m.escrow, "Settled");
    });
  });
});

const anyDigest = (value: unknown) => typeof value === "string" && value.length === 66;

const flipTopBit = (compact: Hex): Hex => {
  const top = (Number.parseInt(compact.slice(66, 68), 16) ^ 0x80).toString(16).padStart(2, "0");
  return `${compact.slice(0, 66)}${top}${compact.slice(68)}` as Hex;
};

/** The shape of a settlement under another request's words: its draw is looked at before its proof. */
const incompleteSettlement = (settlement: Settlement, { words }: LocalRequest): Settlement => ({
  ...settlement,
  request: words,
});
