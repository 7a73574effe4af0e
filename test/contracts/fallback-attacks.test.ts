import { expect } from "chai";
import { concat, type Hex, slice, zeroHash } from "viem";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { consumerAsks, hireConsumer } from "../helpers/consumer.ts";
import { attestationBy, commit, memberAccount, reveal, revealedBy, stall, type Stalled } from "../helpers/fallback.ts";
import { rotate } from "../helpers/identity.ts";
import { askAndPost, paramsFor, post, requestOf, sampleOutput, selectorOf, useMarket } from "../helpers/market.ts";

const everybody = [0, 1, 2, 3, 4];
const quorum = [0, 1, 2, 3];

describe("The fallback under attack", () => {
  const market = useMarket({
    adjust: (p) => ({ ...p, parameters: { ...p.parameters, fallbackDelay: 10, chainPhase: 100 } }),
  });
  const passTo = (timestampS: bigint) => market().networkHelpers.time.increaseTo(timestampS);
  const stalled = async (changes = {}): Promise<Stalled> => stall(market(), await askAndPost(market(), changes));
  const show = (s: Stalled, { shown }: Awaited<ReturnType<typeof attestationBy>>) =>
    market().escrow.connect(market().stranger).showAttestation(s.request.words, shown);
  const settleRevealed = (s: Stalled, seats: readonly number[]) =>
    market().escrow.connect(market().settler).settleRevealed(revealedBy(s, seats));
  const stateOf = async (s: Stalled, i: number) =>
    (await market().escrow.chainWordOf(s.request.requestId, s.nodeOf(i))).state;

  it("pays no copier that stalled until others had revealed off chain: only leaves signed before count", async () => {
    const m = market();
    const s = await stalled();
    await passTo(s.times.fallbackAtS);
    await commit(s, 4); // copies the digest that members 0 and 1 have attested
    const [first, second] = [await attestationBy(s, 0, quorum), await attestationBy(s, 1, quorum)];
    await show(s, first);
    await show(s, second);
    await passTo(s.times.chainCommitEndS + 1n);
    for (const i of quorum) await reveal(s, i, { signed: first.signed });
    await expect(reveal(s, 4))
      .to.emit(m.escrow, "RevealedOnChain")
      .withArgs(s.request.requestId, s.nodeOf(4), s.digest, false);
    await expect(reveal(s, 4, { signed: [...first.signed, ...first.signed.slice(0, 1), s.leaf(4)] }))
      .to.be.revertedWithCustomError(m.escrow, "AlreadyRevealed")
      .withArgs(s.nodeOf(4));
    await passTo(s.times.deadlineS + 1n);
    await expect(settleRevealed(s, everybody)).to.be.revertedWithCustomError(m.escrow, "InvalidBitmaps");
    await settleRevealed(s, quorum);
    await expect(m.escrow.slashNoShow(s.request.words, 4)).to.be.revertedWithCustomError(m.escrow, "NoNoShow"); // no blame
  });

  it("counts nobody under a root that it alone attested", async () => {
    const m = market();
    const s = await stalled();
    await passTo(s.times.fallbackAtS);
    const alone = await attestationBy(s, 0, quorum);
    await show(s, alone);
    await expect(show(s, alone)).to.be.revertedWithCustomError(m.escrow, "AlreadyShown").withArgs(s.nodeOf(0));
    await passTo(s.times.chainCommitEndS + 1n);
    await expect(reveal(s, 0, { signed: alone.signed })).to.be.revertedWithCustomError(m.escrow, "LeafMismatch");
    await reveal(s, 1, { signed: alone.signed });
    expect(await stateOf(s, 1)).to.equal(3n);
  });

  it("does not let a member that attests words of its own keep the others from counting", async () => {
    const m = market();
    const s = await stalled();
    await passTo(s.times.fallbackAtS);
    for (const i of quorum) await commit(s, i);
    const good = await attestationBy(s, 4, everybody);
    const { shown } = good;
    const refused = (error: string, changes: Partial<typeof shown>) =>
      expect(m.escrow.showAttestation(s.request.words, { ...shown, ...changes })).to.be.revertedWithCustomError(
        m.escrow,
        error,
      );
    const at = (i: number): number => i * 96;
    const { commits } = shown;
    const forged = concat([zeroHash, slice(commits, 32)]); // a leaf that nobody signed
    await refused("WrongSigner", { commits: forged });
    await refused("WrongSigner", { commits: concat([slice(commits, at(1), at(2)), slice(commits, at(1))]) });
    await refused("WrongSigner", { signature: slice(commits, 32, 96) });
    await refused("WrongSigner", { signature: slice(shown.signature, 0, 63) });
    await refused("WrongSigner", { digest: zeroHash });
    await refused("WrongSigner", { seat: 3n });
    await refused("InvalidProofLength", { commits: slice(commits, 96) });
    await refused("InvalidProofLength", { commits: concat([commits, "0x00"]) });
    await refused("InvalidBitmaps", { committed: shown.committed | (1n << 5n) });
    await refused("InvalidBitmaps", { seat: 5n });
    await refused("InvalidBitmaps", { seat: 2n ** 255n });
    const few = await attestationBy(s, 4, [2, 3, 4]);
    await refused("InvalidBitmaps", few.shown); // below the quorum: no honest member attests on so few
    await passTo(s.times.chainCommitEndS + 1n);
    await refused("PhaseOver", {});
    for (const i of quorum) await reveal(s, i);
    await passTo(s.times.deadlineS + 1n);
    await expect(settleRevealed(s, quorum)).to.emit(m.escrow, "Settled");
  });

  it("counts a leaf for the node that signed it alone: nobody speaks for another", async () => {
    const m = market();
    const s = await stalled();
    const [victim, attacker, lie] = [0, 4, `0x${"d1".repeat(32)}` as Hex];
    const ids = { requestId: s.request.requestId, level: 0n };
    const put = leafOf({ ...ids, digest: lie, nodeId: s.nodeOf(victim), salt: s.saltOf(attacker) });
    const fake: Stalled = { ...s, leaf: (i, other) => (i === attacker ? put : s.leaf(i, other)) };
    await passTo(s.times.fallbackAtS);
    for (const i of quorum) await commit(s, i);
    const { shown, signed } = await attestationBy(fake, attacker, everybody);
    await m.escrow.showAttestation(s.request.words, shown);
    await passTo(s.times.chainCommitEndS + 1n);
    const attack = (pairs: Hex[]) =>
      m.escrow.revealOnChain(s.request.words, s.nodeOf(victim), lie, s.saltOf(attacker), pairs);
    await expect(attack(signed)).to.be.revertedWithCustomError(m.escrow, "LeafMismatch");
    const other = [...signed.slice(0, -2), signed[0] as Hex, put];
    await expect(attack(other)).to.be.revertedWithCustomError(m.escrow, "LeafMismatch");
    await reveal(s, victim, { signed });
    expect(await stateOf(s, victim)).to.equal(3n);
  });

  it("settles a bundle with the very root that was revealed, to the last bit", async () => {
    const m = market();
    const params = paramsFor(m, { units: 100n });
    const asked = await m.escrow.connect(m.requester).requestBundle(params, 3, sampleOutput, "http://127.0.0.1/");
    const request = await requestOf(m, asked);
    await post(m, request);
    const s = await stall(m, request, { usage: 0n, output: `0x${"ab".repeat(32)}` });
    await passTo(s.times.fallbackAtS);
    for (const i of quorum) await commit(s, i);
    await passTo(s.times.chainCommitEndS + 1n);
    for (const i of quorum) await reveal(s, i);
    await passTo(s.times.deadlineS + 1n);
    const settlement = revealedBy(s, quorum);
    const spoiled: Hex = `0x${"ab".repeat(31)}aa`;
    await expect(m.escrow.settleRevealed({ ...settlement, output: spoiled })).to.be.revertedWithCustomError(
      m.escrow,
      "InvalidBitmaps",
    );
    await m.escrow.settleRevealed(settlement);
    expect(await m.escrow.rootOf(request.requestId)).to.equal(s.digest);
  });

  it("takes nothing from a member by revealing for it without its leaves", async () => {
    const s = await stalled();
    await passTo(s.times.fallbackAtS);
    for (const i of [0, 1]) await commit(s, i);
    const { shown, signed } = await attestationBy(s, 4, everybody);
    await market().escrow.showAttestation(s.request.words, shown);
    await passTo(s.times.chainCommitEndS + 1n);
    await reveal(s, 0);
    expect(await stateOf(s, 0)).to.equal(2n);
    await reveal(s, 0, { signed });
    expect(await stateOf(s, 0)).to.equal(3n);
  });

  it("frames nobody whose commits a relay kept to itself: a commit on chain counts like any", async () => {
    const s = await stalled();
    await passTo(s.times.fallbackAtS);
    for (const i of quorum) await commit(s, i); // all had signed their leaves off chain; nobody shows them
    await passTo(s.times.chainCommitEndS + 1n);
    for (const i of quorum) await reveal(s, i);
    expect(await Promise.all(quorum.map((i) => stateOf(s, i)))).to.deep.equal([3n, 3n, 3n, 3n]);
  });

  it("knows no other request: of another chain of words, not open, or already refunded", async () => {
    const m = market();
    const s = await stalled();
    await passTo(s.times.fallbackAtS);
    const words = { ...s.request.words, work: s.request.words.work + 1n };
    const member = m.escrow.connect(await memberAccount(s, 0));
    await member.commitOnChain(words, s.nodeOf(0), s.leaf(0)); // costs gas, and leads nowhere
    expect(await stateOf(s, 0)).to.equal(0n);
    const { shown } = await attestationBy(s, 0, everybody);
    await expect(m.escrow.showAttestation(words, shown)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
    await passTo(s.times.chainCommitEndS + 1n);
    const made = m.escrow.revealOnChain(words, s.nodeOf(0), s.digest, s.saltOf(0), []);
    await expect(made).to.be.revertedWithCustomError(m.escrow, "NotOpen");
    await passTo(s.times.expireAtS + 1n);
    await m.escrow.expire(s.request.words);
    await expect(settleRevealed(s, quorum)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
    await expect(m.escrow.slashNoShow(s.request.words, 2n ** 200n))
      .to.be.revertedWithCustomError(m.escrow, "NoNoShow")
      .withArgs(s.request.requestId, 2n ** 200n);
  });

  it("serves a member that changed its key after the request, under either key", async () => {
    const m = market();
    const s = await stalled();
    const former = await memberAccount(s, 0);
    await rotate(m, s.nodeOf(0), "fresh key");
    await passTo(s.times.fallbackAtS);
    await m.escrow.connect(former).commitOnChain(s.request.words, s.nodeOf(0), s.leaf(0));
    expect(await stateOf(s, 0)).to.equal(1n);
    const later = await stalled({ slot: 1n });
    await passTo(later.times.fallbackAtS);
    await expect(m.escrow.connect(former).commitOnChain(later.request.words, s.nodeOf(0), s.leaf(0)))
      .to.be.revertedWithCustomError(m.escrow, "NotSigner")
      .withArgs(s.nodeOf(0), former.address);
  });

  it("pays no outsider that commits and reveals: only who was drawn is looked at", async () => {
    const m = market();
    const s = await stalled();
    const outsider = m.nodes.find(({ nodeId }) => s.members.every((member) => member.nodeId !== nodeId));
    const nodeId = outsider?.nodeId ?? 0n;
    const { requestId } = s.request;
    const leaf = leafOf({ requestId, level: 0n, digest: s.digest, nodeId, salt: s.saltOf(0) });
    const other: Stalled = { ...s, nodeOf: () => nodeId, leaf: () => leaf };
    await passTo(s.times.fallbackAtS);
    await commit(other, 0);
    for (const i of [0, 1, 2]) await commit(s, i);
    await passTo(s.times.chainCommitEndS + 1n);
    await reveal(other, 0);
    for (const i of [0, 1, 2]) await reveal(s, i);
    await passTo(s.times.deadlineS + 1n);
    await expect(settleRevealed(s, quorum)).to.be.revertedWithCustomError(m.escrow, "InvalidBitmaps");
    await expect(settleRevealed(s, [0, 1, 2])).to.be.revertedWithCustomError(m.escrow, "QuorumNotReached");
  });

  it("ends before the consumer is called, which gains nothing by coming back", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const s = await stall(m, await consumerAsks(m, consumer, { callbackGas: 2_000_000n }));
    await passTo(s.times.fallbackAtS);
    for (const i of quorum) await commit(s, i);
    await passTo(s.times.chainCommitEndS + 1n);
    for (const i of quorum) await reveal(s, i);
    await passTo(s.times.deadlineS + 1n);
    const encode = m.escrow.interface.encodeFunctionData.bind(m.escrow.interface);
    await consumer.setScript([
      encode("settleRevealed", [revealedBy(s, quorum)]),
      encode("slashNoShow", [s.request.words, 4n]),
      encode("slashNoShow", [s.request.words, 4n]),
    ]);
    await expect(settleRevealed(s, quorum))
      .to.emit(consumer, "Reentered")
      .withArgs(0n, false, selectorOf(m, "NotOpen"))
      .and.to.emit(consumer, "Reentered")
      .withArgs(1n, true, "0x00000000")
      .and.to.emit(consumer, "Reentered")
      .withArgs(2n, false, selectorOf(m, "NoNoShow"));
    expect(await consumer.lastOutput()).to.equal(sampleOutput);
  });

  it("splits between two digests into a refund, not into a result of the few", async () => {
    const m = market();
    const s = await stalled();
    const other: Hex = `0x${"d1".repeat(32)}`;
    await passTo(s.times.fallbackAtS);
    for (const i of everybody) await commit(s, i, i < 3 ? s.leaf(i) : s.leaf(i, other));
    await passTo(s.times.chainCommitEndS + 1n);
    for (const i of everybody) await reveal(s, i, { digest: i < 3 ? s.digest : other });
    await passTo(s.times.deadlineS + 1n);
    await expect(settleRevealed(s, [0, 1, 2])).to.be.revertedWithCustomError(m.escrow, "QuorumNotReached");
    await passTo(s.times.expireAtS + 1n);
    await expect(m.escrow.expire(s.request.words)).to.emit(m.escrow, "Refunded");
  });
});
