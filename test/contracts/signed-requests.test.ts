import { expect } from "chai";
import { concat, type Hex } from "viem";
import { committeeOf, type LocalRequest } from "../../deploy/local/committee.ts";
import { timeOf } from "../../sdk/drand/schedule.ts";
import { payoutOf } from "../../sdk/money/payout.ts";
import { timelineOf } from "../../sdk/time/timeline.ts";
import { flagAcceptNoPanel, flagBundle, flagSigned } from "../../sdk/words/flags.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import type { RequestFields } from "../../sdk/words/request.ts";
import { forge, twinOf } from "../helpers/forge.ts";
import { ask, balanceIn, type Market, post, selectorOf, startingBalance, useMarket } from "../helpers/market.ts";
import { localRequest, requestOfFields, signatureOf, signedFields } from "../helpers/signed.ts";

const locked = 10n ** 9n;
const lockS = 10_000n;
const all = 0b11111n;

describe("A signed request", () => {
  const market = useMarket({ task: { window: 3_000 } });

  beforeEach(async () => {
    const m = market();
    const unlockAt = BigInt(await m.networkHelpers.time.latest()) + lockS;
    await m.escrow.connect(m.requester).timeLock(0n, locked, unlockAt);
  });

  async function sign(changes: Partial<RequestFields> = {}) {
    const m = market();
    const request = requestOfFields(m, await signedFields(m, changes));
    return { request, signature: await signatureOf(m, request) };
  }

  async function settleSigned(request: LocalRequest, signature: Hex, m: Market = market()) {
    return m.escrow.connect(m.settler).settleSigned(await forge(m, request), signature, []);
  }

  async function expectRefused(changes: Partial<RequestFields>, error: Parameters<typeof selectorOf>[1]) {
    const { escrow } = market();
    const { request, signature } = await sign(changes);
    const settlement = { request: request.words, head: 0n, proof: "0x", output: "0x" }; // the words are looked at first
    await expect(escrow.settleSigned(settlement, signature, [])).to.be.revertedWithCustomError(escrow, error);
  }

  it("is paid from time-locked balance, for its cost alone, and moves no reputation", async () => {
    const m = market();
    const { request, signature } = await sign();
    await post(m, request);
    const members = await committeeOf(m.world, request);
    const payout = payoutOf({ request: request.fields, members, attested: all });
    const settlement = await forge(m, request);
    await expect(m.escrow.connect(m.settler).settleSigned(settlement, signature, []))
      .to.emit(m.escrow, "Settled")
      .withArgs(request.requestId, (digest: string) => digest.length === 66, settlement.head);
    expect((await m.escrow.timeLockOf(m.requester, 0n)).amount).to.equal(locked - payout.lock + payout.leftover);
    expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance - locked);
    expect(await balanceIn(m, m.settler.address)).to.equal(payout.settlerTip);
    for (const [i, { nodeId }] of members.entries()) {
      const { earnings, reputation } = decodeNodeWord(await m.escrow.nodeWord(nodeId));
      expect([earnings, reputation]).to.deep.equal([payout.pays[i], 0n]);
    }
  });

  it("is paid once, whatever else is signed under its nonce", async () => {
    const m = market();
    const { request, signature } = await sign();
    const other = await sign({ units: 50n });
    await post(m, request);
    await post(m, other.request);
    await settleSigned(request, signature);
    for (const again of [{ request, signature }, other]) {
      await expect(settleSigned(again.request, again.signature))
        .to.be.revertedWithCustomError(m.escrow, "NonceUsed")
        .withArgs(m.requester.address, 7n);
    }
    const next = await sign({ sequence: 8n });
    await post(m, next.request);
    await expect(settleSigned(next.request, next.signature)).to.emit(m.escrow, "Settled");
  });

  it("takes nonces in any order, up to the last of 40 bits", async () => {
    const m = market();
    const { unlockAt } = await m.escrow.timeLockOf(m.requester, 0n);
    for (const sequence of [2n ** 40n - 1n, 0n, 256n, 255n]) {
      await m.escrow.connect(m.requester).timeLock(sequence >> 7n, locked / 10n, unlockAt);
      const { request, signature } = await sign({ sequence });
      await post(m, request);
      await expect(settleSigned(request, signature)).to.emit(m.escrow, "Settled");
    }
  });

  it("is paid from the purse of its nonce only", async () => {
    const m = market();
    const { request, signature } = await sign({ sequence: 128n });
    await post(m, request);
    await expect(settleSigned(request, signature)).to.be.revertedWithCustomError(m.escrow, "InsufficientBalance");
    const { unlockAt } = await m.escrow.timeLockOf(m.requester, 0n);
    await m.escrow.connect(m.requester).timeLock(1n, locked / 2n, unlockAt);
    await expect(settleSigned(request, signature)).to.emit(m.escrow, "Settled");
    expect((await m.escrow.timeLockOf(m.requester, 0n)).amount).to.equal(locked);
    expect((await m.escrow.timeLockOf(m.requester, 1n)).usedNonces).to.equal(1n);
  });

  it("stays paid once when its purse is emptied and filled again", async () => {
    const m = market();
    const { unlockAt } = await m.escrow.timeLockOf(m.requester, 0n);
    await m.networkHelpers.time.increaseTo(unlockAt - 20n);
    await m.taskRegistry.publishSnapshot(m.taskId);
    const { request, signature } = await sign();
    await post(m, request);
    await expect(settleSigned(request, signature)).to.emit(m.escrow, "Settled");
    await m.networkHelpers.time.increaseTo(unlockAt + 1n);
    await m.escrow.connect(m.requester).timeUnlock(0n);
    await m.escrow.connect(m.requester).timeLock(0n, locked / 2n, unlockAt + 1_000n);
    await expect(settleSigned(request, signature)).to.be.revertedWithCustomError(m.escrow, "NonceUsed");
  });

  it("cannot use a purse beyond the numbers", async () => {
    const m = market();
    const { unlockAt } = await m.escrow.timeLockOf(m.requester, 0n);
    await expect(m.escrow.connect(m.requester).timeLock(2n ** 33n, 1n, unlockAt))
      .to.be.revertedWithCustomError(m.escrow, "NoSuchPurse")
      .withArgs(2n ** 33n);
    expect(await m.escrow.timeLockOf(m.requester, 2n ** 33n)).to.deep.equal([0n, 0n, 0n]);
  });

  it("beyond the time-locked balance is refused, whatever is free", async () => {
    const m = market();
    const { request, signature } = await sign({ tip: locked });
    await post(m, request);
    const { lock, leftover } = payoutOf({
      request: request.fields,
      members: await committeeOf(m.world, request),
      attested: all,
    });
    await expect(settleSigned(request, signature))
      .to.be.revertedWithCustomError(m.escrow, "InsufficientBalance")
      .withArgs(m.requester.address, locked, lock - leftover);
  });

  it("is settled up to its deadline", async () => {
    const m = market();
    const { request, signature } = await sign();
    await post(m, request);
    const postedAtS = (await m.escrow.roundWord(request.fields.round)) & (2n ** 40n - 1n);
    const { deadlineS } = timelineOf(request.fields, timeOf(m.world.beacon, request.fields.round), postedAtS);
    const settlement = await forge(m, request);
    const snapshot = await m.networkHelpers.takeSnapshot();
    await m.networkHelpers.time.setNextBlockTimestamp(deadlineS + 1n);
    await expect(m.escrow.settleSigned(settlement, signature, []))
      .to.be.revertedWithCustomError(m.escrow, "SettlementRefused")
      .withArgs(selectorOf(m, "DeadlinePassed"));
    await snapshot.restore();
    await m.networkHelpers.time.setNextBlockTimestamp(deadlineS);
    await expect(m.escrow.settleSigned(settlement, signature, [])).to.emit(m.escrow, "Settled");
  });

  it("is refused, and its nonce stays free, without a round or with a committee's words that are not right", async () => {
    const m = market();
    const { request, signature } = await sign();
    await expect(settleSigned(request, signature))
      .to.be.revertedWithCustomError(m.escrow, "SettlementRefused")
      .withArgs(selectorOf(m, "RoundUnknown"));
    await post(m, request);
    await expect(m.escrow.settleSigned(await forge(m, request, { chainId: 4n }), signature, []))
      .to.be.revertedWithCustomError(m.escrow, "SettlementRefused")
      .withArgs(selectorOf(m, "WrongSigner"));
    await expect(settleSigned(request, signature)).to.emit(m.escrow, "Settled");
  });

  it("is refused without the requester's own signature", async () => {
    const m = market();
    const { request, signature } = await sign();
    await post(m, request);
    const others = await signatureOf(m, request, m.stranger.address);
    const changed = requestOfFields(m, { ...request.fields, units: 99n });
    const refused: [LocalRequest, Hex][] = [
      [request, others],
      [request, twinOf(signature)],
      [request, `0x${"00".repeat(64)}`],
      [request, "0x"],
      [request, concat([signature, "0x00"])],
      [changed, signature],
    ];
    for (const [asked, given] of refused) {
      await expect(settleSigned(asked, given)).to.be.revertedWithCustomError(m.escrow, "InvalidRequesterSignature");
    }
  });

  it("has no slot, callback, challenge window or unknown word", async () => {
    const cases: Partial<RequestFields>[] = [
      { slot: 1n },
      { callbackGas: 1n },
      { challengeWindowS: 1n },
      { flags: 0n },
      { flags: flagAcceptNoPanel },
      { flags: flagSigned | 16n },
      { items: 0n },
      { items: 2n },
      { items: 0n, flags: flagSigned | flagBundle },
    ];
    for (const changes of cases) await expectRefused(changes, "InvalidSignedRequest");
    const { request } = await sign();
    const m = market();
    for (const words of [
      { ...request.words, rules: request.words.rules | (1n << 160n) },
      { ...request.words, terms: request.words.terms | (1n << 248n) },
    ]) {
      const changed = localRequest(m, words);
      await expect(settleSigned(changed, await signatureOf(m, changed))).to.be.revertedWithCustomError(
        m.escrow,
        "InvalidSignedRequest",
      );
    }
  });

  it("is bound to the round that follows its time, and to no other", async () => {
    const { request } = await sign();
    const { round } = request.fields;
    for (const other of [round - 1n, round + 1n, 1n]) await expectRefused({ round: other }, "InvalidSignedRequest");
  });

  it("keeps to the shape of every committee", async () => {
    const refused: [Partial<RequestFields>, Parameters<typeof selectorOf>[1]][] = [
      [{ k: 0n, quorum: 0n }, "InvalidCommitteeSize"],
      [{ k: 22n, quorum: 15n }, "InvalidCommitteeSize"],
      [{ quorum: 0n }, "InvalidQuorum"],
      [{ quorum: 2n }, "InvalidQuorum"],
      [{ quorum: 6n }, "InvalidQuorum"],
      [{ k: 13n, quorum: 9n }, "PoolTooSmall"],
      [{ k: 6n, quorum: 5n }, "PoolTooSmallForPanel"],
      [{ units: 0n }, "NothingAsked"],
      [{ maxAsk: 0n }, "NothingAsked"],
      [{ units: 10n ** 12n }, "StakeTooLow"],
    ];
    for (const [changes, error] of refused) await expectRefused(changes, error);
  });

  it("is refused with terms that were not in force when it was made", async () => {
    const m = market();
    const { request } = await sign();
    const { fields } = request;
    const changes: Partial<RequestFields>[] = [
      { royaltyBps: fields.royaltyBps - 1n },
      { askExponent: 1n },
      { isTee: 1n },
      { windowS: fields.windowS + 1n },
      { maxOutputBytes: fields.maxOutputBytes + 1n },
      { protocolFeeBps: 0n },
      { fallbackDelayS: 1n },
      { chainPhaseS: 3_600n },
      { expireDelayS: 1n },
      { beaconTimeoutS: 61n },
      { disputeWindowS: 1n },
      { reputationFloor: 0n },
      { version: 0n },
      { version: 2n },
      { snapshotId: 2n },
      { taskId: 2n },
    ];
    for (const change of changes) await expectRefused(change, "NotInForce");
    const { beaconDelayS } = fields;
    const round = await m.beacon.roundAt(fields.submittedAtS + beaconDelayS - 1n);
    await expectRefused({ beaconDelayS: beaconDelayS - 1n, round }, "NotInForce");
  });

  it("is refused if its snapshot was not published yet or was too old when it was made", async () => {
    const m = market();
    const { publishedAt } = await snapshotTimes(m);
    await expectRefused({ submittedAtS: publishedAt - 1n }, "NotInForce");
    await expectRefused({ submittedAtS: publishedAt + 3_601n }, "NotInForce");
    const { request, signature } = await sign({ submittedAtS: publishedAt + 3_600n });
    await post(m, request);
    await expect(settleSigned(request, signature)).to.emit(m.escrow, "Settled");
  });

  it("settles on parameters that were replaced after it was made, and not on ones replaced before", async () => {
    const m = market();
    const { request, signature } = await sign();
    const late = await m.networkHelpers.time.increase(3);
    await m.escrow.connect(m.deployer).setParameters({ ...m.world.parameters.parameters, protocolFee: 500 });
    const stale = requestOfFields(m, {
      ...request.fields,
      submittedAtS: BigInt(late) + 1n,
      round: request.fields.round + BigInt(late) + 1n - request.fields.submittedAtS,
    });
    await expect(settleSigned(stale, await signatureOf(m, stale))).to.be.revertedWithCustomError(
      m.escrow,
      "NotInForce",
    );
    await post(m, request);
    await expect(settleSigned(request, signature)).to.emit(m.escrow, "Settled");
  });

  it("of a bundle settles its root, which nobody can prove items of", async () => {
    const m = market();
    const { request, signature } = await sign({ items: 3n, flags: flagSigned | flagBundle });
    await post(m, request);
    const root: Hex = `0x${"b0".repeat(32)}`;
    const settlement = await forge(m, request, { answer: { output: root, usage: 0n } });
    await expect(m.escrow.settleSigned(settlement, signature, [])).to.emit(m.escrow, "Settled");
    await expect(m.escrow.proveItem(request.requestId, 0n, 0n, 0n, "0x", []))
      .to.be.revertedWithCustomError(m.escrow, "BundleUnknown")
      .withArgs(request.requestId);
  });

  it("does not settle as a request of the chain, nor one of the chain as a signed one", async () => {
    const m = market();
    const { request } = await sign();
    await post(m, request);
    await expect(m.escrow.settle([await forge(m, request)], []))
      .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
      .withArgs(selectorOf(m, "NotOpen"));
    const asked = await ask(m);
    await post(m, asked);
    await expect(settleSigned(asked, await signatureOf(m, asked))).to.be.revertedWithCustomError(
      m.escrow,
      "InvalidSignedRequest",
    );
  });

  describe("has a time lock that", () => {
    const lock = (amount: bigint, unlockAt: bigint) =>
      market().escrow.connect(market().requester).timeLock(0n, amount, unlockAt);

    it("only moves later, and at most 365 days ahead", async () => {
      const m = market();
      const { unlockAt } = await m.escrow.timeLockOf(m.requester, 0n);
      const latest = async () => BigInt(await m.networkHelpers.time.latest()) + 1n + 365n * 86_400n;
      await expect(lock(1n, unlockAt - 1n)).to.be.revertedWithCustomError(m.escrow, "InvalidUnlockTime");
      await expect(lock(1n, (await latest()) + 1n)).to.be.revertedWithCustomError(m.escrow, "InvalidUnlockTime");
      await expect(lock(1n, unlockAt + 5n))
        .to.emit(m.escrow, "TimeLocked")
        .withArgs(m.requester.address, 0n, 1n, unlockAt + 5n);
      expect(await m.escrow.timeLockOf(m.requester, 0n)).to.deep.equal([locked + 1n, unlockAt + 5n, 0n]);
      await expect(m.escrow.connect(m.stranger).timeLock(0n, 0n, 1n)).to.be.revertedWithCustomError(
        m.escrow,
        "InvalidUnlockTime",
      );
    });

    it("takes from the free balance, which cannot be spent twice", async () => {
      const m = market();
      const { unlockAt } = await m.escrow.timeLockOf(m.requester, 0n);
      const free = startingBalance - locked;
      const overdrawn = [
        lock(free + 1n, unlockAt),
        m.escrow.connect(m.requester).withdraw(m.requester.address, free + 1n),
      ];
      for (const attempt of overdrawn) {
        await expect(attempt)
          .to.be.revertedWithCustomError(m.escrow, "InsufficientBalance")
          .withArgs(m.requester.address, free, free + 1n);
      }
    });

    it("opens one second after its time, not before, and still pays until it is opened", async () => {
      const m = market();
      const { unlockAt } = await m.escrow.timeLockOf(m.requester, 0n);
      const unlock = () => m.escrow.connect(m.requester).timeUnlock(0n);
      const { request, signature } = await sign();
      await post(m, request);
      await m.networkHelpers.time.setNextBlockTimestamp(unlockAt);
      await expect(unlock()).to.be.revertedWithCustomError(m.escrow, "StillLocked").withArgs(unlockAt);
      await m.networkHelpers.time.setNextBlockTimestamp(unlockAt + 1n);
      await expect(unlock()).to.emit(m.escrow, "TimeUnlocked").withArgs(m.requester.address, 0n, locked);
      expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance);
      await expect(settleSigned(request, signature)).to.be.revertedWithCustomError(m.escrow, "SettlementRefused");
    });

    it("pays after its time as long as it was not opened", async () => {
      const m = market();
      const { unlockAt } = await m.escrow.timeLockOf(m.requester, 0n);
      await m.networkHelpers.time.increaseTo(unlockAt + 100n);
      await m.taskRegistry.publishSnapshot(m.taskId);
      const { request, signature } = await sign();
      await post(m, request);
      await expect(settleSigned(request, signature)).to.emit(m.escrow, "Settled");
    });
  });
});

async function snapshotTimes({ taskId, escrow }: Market) {
  const word = await escrow.taskWord(taskId);
  return { publishedAt: (word >> 104n) & (2n ** 40n - 1n) };
}
