import { expect } from "chai";
import { keccak256, zeroHash } from "viem";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { bitmapOf } from "../../sdk/committee/bitmap.ts";
import { payoutOf } from "../../sdk/money/payout.ts";
import { reputationNoShow } from "../../sdk/money/reputation.ts";
import { consumerAsks, hireConsumer } from "../helpers/consumer.ts";
import { attestationBy, commit, memberAccount, reveal, revealedBy, stall, type Stalled } from "../helpers/fallback.ts";
import { forge } from "../helpers/forge.ts";
import { ask, askAndPost, balanceIn, sampleOutput, selectorOf, settle, useMarket } from "../helpers/market.ts";

const everybody = [0, 1, 2, 3, 4];
const quorum = [0, 1, 2, 3];

describe("The fallback on chain", () => {
  const market = useMarket({
    adjust: (p) => ({ ...p, parameters: { ...p.parameters, fallbackDelay: 10, chainPhase: 100 } }),
  });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);
  const passTo = (timestampS: bigint) => market().networkHelpers.time.increaseTo(timestampS);
  const stalled = async (changes = {}): Promise<Stalled> => stall(market(), await askAndPost(market(), changes));

  async function commitAll(s: Stalled, seats: readonly number[]) {
    await passTo(s.times.fallbackAtS);
    for (const i of seats) await commit(s, i);
  }
  async function revealAll(s: Stalled, seats: readonly number[]) {
    await passTo(s.times.chainCommitEndS + 1n);
    for (const i of seats) await reveal(s, i);
  }
  const settleRevealed = (s: Stalled, seats: readonly number[]) =>
    market().escrow.connect(market().settler).settleRevealed(revealedBy(s, seats));

  it("settles what a quorum revealed, pays those alone, and the tip to whoever settles", async () => {
    const m = market();
    const s = await stalled();
    await commitAll(s, quorum);
    await revealAll(s, quorum);
    await passTo(s.times.deadlineS + 1n);
    const settlement = revealedBy(s, quorum);
    await expect(settleRevealed(s, quorum))
      .to.emit(m.escrow, "Settled")
      .withArgs(s.request.requestId, s.digest, settlement.head);
    const attested = bitmapOf(quorum);
    const payout = payoutOf({ request: s.request.fields, members: s.members, attested });
    for (const [i, { nodeId }] of s.members.entries())
      expect(decodeNodeWord(await m.escrow.nodeWord(nodeId)).earnings).to.equal(i < 4 ? payout.pays[i] : 0n);
    expect(await balanceIn(m, m.settler.address)).to.equal(payout.settlerTip);
    expect((await m.escrow.feesOf(m.taskId)).treasuryShare).to.equal(payout.treasury);
    await expect(settleRevealed(s, quorum)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
  });

  it("calls back, and records first where there is a challenge window", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const s = await stall(m, await consumerAsks(m, consumer, { slot: 1n }));
    const recorded = await stalled({ slot: 2n, challengeWindow: 50n });
    await passTo(recorded.times.fallbackAtS);
    for (const one of [s, recorded]) for (const i of everybody) await commit(one, i);
    await passTo(recorded.times.chainCommitEndS + 1n);
    for (const one of [s, recorded]) for (const i of everybody) await reveal(one, i);
    await expect(settleRevealed(s, everybody))
      .to.emit(consumer, "Delivered")
      .withArgs(s.request.requestId, 0n, s.digest, sampleOutput);
    await expect(settleRevealed(recorded, everybody)).to.emit(m.escrow, "ResultRecorded");
    await m.networkHelpers.time.increase(60n);
    await expect(m.escrow.finalize(revealedBy(recorded, everybody), m.settler)).to.emit(m.escrow, "Settled");
  });

  it("opens and ends its phases to the second", async () => {
    const m = market();
    const s = await stalled();
    const { fallbackAtS, chainCommitEndS } = s.times;
    await memberAccount(s, 0);
    await nextBlockAt(fallbackAtS - 1n);
    await expect(commit(s, 0)).to.be.revertedWithCustomError(m.escrow, "PhaseNotOpen").withArgs(fallbackAtS);
    await nextBlockAt(fallbackAtS);
    await commit(s, 0);
    await nextBlockAt(chainCommitEndS);
    await commit(s, 1);
    await expect(commit(s, 2)).to.be.revertedWithCustomError(m.escrow, "PhaseOver").withArgs(chainCommitEndS);
  });

  it("takes no reveal in the commits' last second, and none after the deadline", async () => {
    const m = market();
    const s = await stalled();
    const { chainCommitEndS, deadlineS } = s.times;
    await commitAll(s, [0, 1]);
    await nextBlockAt(chainCommitEndS);
    await expect(reveal(s, 0))
      .to.be.revertedWithCustomError(m.escrow, "PhaseNotOpen")
      .withArgs(chainCommitEndS + 1n);
    await nextBlockAt(chainCommitEndS + 1n);
    await reveal(s, 0);
    await nextBlockAt(deadlineS + 1n);
    await expect(reveal(s, 1)).to.be.revertedWithCustomError(m.escrow, "PhaseOver").withArgs(deadlineS);
  });

  it("waits until the deadline for the others, unless all have revealed", async () => {
    const m = market();
    const s = await stalled();
    await commitAll(s, everybody);
    await revealAll(s, quorum);
    await nextBlockAt(s.times.deadlineS - 1n);
    await expect(settleRevealed(s, quorum))
      .to.be.revertedWithCustomError(m.escrow, "RevealsOpen")
      .withArgs(s.times.deadlineS);
    await nextBlockAt(s.times.deadlineS);
    await reveal(s, 4);
    await expect(settleRevealed(s, everybody)).to.emit(m.escrow, "Settled");
  });

  it("refuses bitmaps that leave a reveal out or add one, a proof, and less than a quorum", async () => {
    const m = market();
    const s = await stalled();
    await commitAll(s, quorum);
    await revealAll(s, quorum);
    await passTo(s.times.deadlineS + 1n);
    const refused = (error: string, settlement: ReturnType<typeof revealedBy>) =>
      expect(m.escrow.settleRevealed(settlement)).to.be.revertedWithCustomError(m.escrow, error);
    await refused("InvalidBitmaps", revealedBy(s, [0, 1, 2]));
    await refused("InvalidBitmaps", revealedBy(s, everybody));
    const right = revealedBy(s, quorum);
    await refused("InvalidBitmaps", { ...right, head: right.head ^ (1n << 76n) });
    await refused("InvalidBitmaps", { ...right, head: right.head | (1n << 140n) });
    await refused("InvalidProofLength", { ...right, proof: "0x00" });
    await refused("InvalidBitmaps", { ...right, output: "0xff" }); // nobody revealed this digest
    const few = await stalled({ slot: 1n });
    await commitAll(few, [0, 1, 2]);
    await revealAll(few, [0, 1, 2]);
    await passTo(few.times.deadlineS + 1n);
    await refused("QuorumNotReached", revealedBy(few, [0, 1, 2]));
    await m.networkHelpers.time.increase(5n);
    await expect(m.escrow.expire(few.request.words)).to.emit(m.escrow, "Refunded");
  });

  it("takes commits from the member's key alone, and once", async () => {
    const m = market();
    const s = await stalled();
    await passTo(s.times.fallbackAtS);
    const strangers = m.escrow.connect(m.stranger).commitOnChain(s.request.words, s.nodeOf(0), s.leaf(0));
    await expect(strangers)
      .to.be.revertedWithCustomError(m.escrow, "NotSigner")
      .withArgs(s.nodeOf(0), m.stranger.address);
    await expect(commit(s, 0))
      .to.emit(m.escrow, "CommittedOnChain")
      .withArgs(s.request.requestId, s.nodeOf(0), s.leaf(0));
    await expect(commit(s, 0)).to.be.revertedWithCustomError(m.escrow, "AlreadyCommitted").withArgs(s.nodeOf(0));
    const unknown = await ask(m, { slot: 1n });
    const early = m.escrow.connect(await memberAccount(s, 0)).commitOnChain(unknown.words, s.nodeOf(0), zeroHash);
    await expect(early)
      .to.be.revertedWithCustomError(m.escrow, "SettlementRefused")
      .withArgs(selectorOf(m, "RoundUnknown"));
  });

  it("takes a reveal of what was committed to alone, once, from whoever knows the salt", async () => {
    const m = market();
    const s = await stalled();
    await commitAll(s, [0, 1]);
    await passTo(s.times.chainCommitEndS + 1n);
    await expect(reveal(s, 0, { digest: zeroHash })).to.be.revertedWithCustomError(m.escrow, "LeafMismatch");
    await expect(reveal(s, 2)).to.be.revertedWithCustomError(m.escrow, "LeafMismatch");
    await expect(reveal(s, 0))
      .to.emit(m.escrow, "RevealedOnChain")
      .withArgs(s.request.requestId, s.nodeOf(0), s.digest, true);
    await expect(reveal(s, 0)).to.be.revertedWithCustomError(m.escrow, "AlreadyRevealed").withArgs(s.nodeOf(0));
    expect(await m.escrow.chainWordOf(s.request.requestId, s.nodeOf(0))).to.deep.equal([
      3n,
      `${keccak256(s.digest).slice(0, -2)}00`,
    ]);
  });

  it("ends once: what settles off chain before the deadline takes no reveals any more", async () => {
    const m = market();
    const s = await stalled();
    await commitAll(s, quorum);
    await settle(m, await forge(m, s.request));
    await passTo(s.times.chainCommitEndS + 1n);
    await expect(reveal(s, 0)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
  });

  describe("for a member that did nothing", () => {
    const stakePerNode = async () => (await market().taskRegistry.taskOf(market().taskId)).stakePerNode;
    async function noShow(changes = {}) {
      const s = await stalled(changes);
      await commitAll(s, quorum);
      await revealAll(s, quorum);
      await passTo(s.times.deadlineS + 1n);
      return s;
    }

    it("is proven when a quorum revealed, costs 1% of the stake, and reimburses those who posted", async () => {
      const m = market();
      const s = await noShow();
      await expect(settleRevealed(s, quorum))
        .to.emit(m.escrow, "NoShowsProven")
        .withArgs(s.request.requestId, bitmapOf([4]));
      const before = await m.nodeRegistry.allocatedStake(s.nodeOf(4), m.taskId);
      const slash = (await stakePerNode()) / 100n;
      await expect(m.escrow.connect(m.stranger).slashNoShow(s.request.words, 4))
        .to.emit(m.escrow, "NoShowSlashed")
        .withArgs(s.request.requestId, s.nodeOf(4), slash);
      expect(await m.nodeRegistry.allocatedStake(s.nodeOf(4), m.taskId)).to.equal(before - slash);
      expect(await m.nodeRegistry.awardOf(m.owner)).to.equal(4n * (slash / 5n)); // one owner has all nodes
      expect(await m.nodeRegistry.awardOf(m.treasury)).to.equal(slash - 4n * (slash / 5n));
      await expect(m.escrow.slashNoShow(s.request.words, 4)).to.be.revertedWithCustomError(m.escrow, "NoNoShow");
    });

    it("costs what it did when the request was made: less at once, more when what was open is over", async () => {
      const m = market();
      const managed = (await m.ethers.getContractAt("TaskRegistry", m.taskRegistry)).connect(m.deployer);
      const { activationDelay, maxSnapshotAge, publisherBond } = await m.taskRegistry.settings();
      const set = (noShowSlash: bigint) =>
        managed.setSettings({ activationDelay, maxSnapshotAge, publisherBond, noShowSlash });
      const basisPoints = async () =>
        ((await m.taskRegistry.noShowSlashOf(m.taskId)) * 10_000n) / (await stakePerNode());
      const s = await noShow();
      await settleRevealed(s, quorum);
      await set(1_000n);
      await set(999n); // a second decision does not shorten the wait
      const slash = (await stakePerNode()) / 100n;
      await expect(m.escrow.slashNoShow(s.request.words, 4))
        .to.emit(m.escrow, "NoShowSlashed")
        .withArgs(s.request.requestId, s.nodeOf(4), slash);
      const raisedAt = await m.networkHelpers.time.latest();
      await m.networkHelpers.time.increaseTo(raisedAt - 1 + 10 * 86_400 - 1);
      expect(await basisPoints()).to.equal(100n);
      await m.networkHelpers.time.increase(1);
      expect(await basisPoints()).to.equal(999n);
      await set(50n);
      expect(await basisPoints()).to.equal(50n);
    });

    it("is not proven long after the request could expire: its slash may have been raised", async () => {
      const m = market();
      const [late, timely] = [await noShow(), await noShow({ slot: 1n })];
      const lastS = timely.times.deadlineS + timely.request.fields.expireDelayS;
      await m.networkHelpers.time.setNextBlockTimestamp(lastS);
      await expect(settleRevealed(timely, quorum)).to.emit(m.escrow, "NoShowsProven");
      await expect(settleRevealed(late, quorum))
        .to.emit(m.escrow, "Settled")
        .and.not.to.emit(m.escrow, "NoShowsProven");
      await expect(m.escrow.slashNoShow(late.request.words, 4)).to.be.revertedWithCustomError(m.escrow, "NoNoShow");
    });

    it("takes an eighth of its reputation, after the sixty-fourth for being absent", async () => {
      const m = market();
      for (let i = 0; i < 4; i++) {
        await settle(m, await forge(m, await askAndPost(m, { units: 20_000n }))); // reputation moves up
        await m.networkHelpers.time.increase(6n);
      }
      const s = await noShow();
      await settleRevealed(s, quorum);
      const before = decodeNodeWord(await m.escrow.nodeWord(s.nodeOf(4))).reputation;
      await m.escrow.slashNoShow(s.request.words, 4);
      expect(decodeNodeWord(await m.escrow.nodeWord(s.nodeOf(4))).reputation).to.equal(reputationNoShow(before));
    });

    it("is slashed at most once a day, and not for what is older than a day", async () => {
      const m = market();
      const one = await noShow();
      await settleRevealed(one, quorum);
      const nodeId = one.nodeOf(4);
      const seatIn = (s: Stalled) => s.members.findIndex((member) => member.nodeId === nodeId);
      let other = await stalled({ slot: 1n });
      for (let slot = 2n; seatIn(other) < 0; slot++) other = await stalled({ slot });
      const others = everybody.filter((i) => i !== seatIn(other));
      await commitAll(other, others);
      await revealAll(other, others);
      await passTo(other.times.deadlineS + 1n);
      await settleRevealed(other, others);
      await m.escrow.slashNoShow(one.request.words, 4);
      const { timestamp } = (await m.ethers.provider.getBlock("latest")) ?? { timestamp: 0 };
      await expect(m.escrow.slashNoShow(other.request.words, seatIn(other)))
        .to.be.revertedWithCustomError(m.escrow, "SlashedToday")
        .withArgs(nodeId, BigInt(timestamp) + 86_400n);
      await m.networkHelpers.time.increase(86_401n);
      const late = m.escrow.slashNoShow(other.request.words, seatIn(other));
      await expect(late).to.be.revertedWithCustomError(m.escrow, "NoNoShow");
    });

    it("is not proven of a member that committed, revealed something else, or was shown to have committed", async () => {
      const m = market();
      const [committed, shown] = [await stalled(), await stalled({ slot: 1n })];
      await passTo(shown.times.fallbackAtS);
      for (const i of everybody) await commit(committed, i);
      const { shown: attestation, signed } = await attestationBy(shown, 0, everybody);
      await m.escrow.showAttestation(shown.request.words, attestation);
      const second = await attestationBy(shown, 1, everybody);
      await m.escrow.showAttestation(shown.request.words, second.shown);
      await passTo(shown.times.chainCommitEndS + 1n);
      for (const i of quorum) {
        await reveal(committed, i);
        await reveal(shown, i, { signed });
      }
      await passTo(shown.times.deadlineS + 1n);
      for (const s of [committed, shown]) {
        await expect(settleRevealed(s, quorum)).not.to.emit(m.escrow, "NoShowsProven");
        await expect(m.escrow.slashNoShow(s.request.words, 4)).to.be.revertedWithCustomError(m.escrow, "NoNoShow");
      }
    });

    it("is not proven where no quorum revealed: the input may not have been there", async () => {
      const m = market();
      const s = await stalled();
      await commitAll(s, [0, 1, 2]);
      await revealAll(s, [0, 1, 2]);
      await passTo(s.times.deadlineS + 1n);
      await expect(m.escrow.slashNoShow(s.request.words, 4)).to.be.revertedWithCustomError(m.escrow, "NoNoShow");
    });

    it("finds stake that is unbonding, and is content with what there is", async () => {
      const m = market();
      const s = await noShow();
      await settleRevealed(s, quorum);
      await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, s.nodeOf(4));
      const [amount] = await m.nodeRegistry.unbondingStake(s.nodeOf(4), m.taskId);
      await m.escrow.slashNoShow(s.request.words, 4);
      const [left] = await m.nodeRegistry.unbondingStake(s.nodeOf(4), m.taskId);
      expect(left).to.equal(amount - (await stakePerNode()) / 100n);
    });
  });
});
