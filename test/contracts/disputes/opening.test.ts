import { expect } from "chai";
import { decodeSlotWord } from "../../../sdk/words/slot-word.ts";
import { timelineOf } from "../../../sdk/time/timeline.ts";
import {
  conflict,
  dissent,
  evidenceOf,
  lie,
  otherLie,
  payOf,
  roundOf,
  stage,
  stageSettled,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { balanceIn, selectorOf, settle, useMarket } from "../../helpers/market.ts";
import { rotate } from "../../helpers/identity.ts";
import { keyOf } from "../../helpers/forge.ts";
import { labelledKey } from "../../../deploy/local/world.ts";

const windowS = 100n;
const firstPanel = 7n;
const margin = 4n;

describe("A dispute", () => {
  const market = useMarket({ nodes: 20, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);
  const slotState = async () => decodeSlotWord(await market().escrow.slotOf(market().requester, 0n)).state;

  describe("over an open request", () => {
    it("is opened by two members that contradict each other, and blocks settlement and expiry", async () => {
      const m = market();
      const scene = await stage(m);
      const { request, settlement } = scene;
      const opening = await conflict(m, scene);
      const round = await roundOf(m, request, 1);
      await expect(opening)
        .to.emit(m.disputes, "DisputeOpened")
        .withArgs(request.requestId, m.stranger.address, truth(request), round, request.fields.snapshotId, 0n);
      await expect(opening).to.emit(m.escrow, "RequestDisputed").withArgs(request.requestId);
      expect(await slotState()).to.equal("openDisputed");
      await expect(settle(m, settlement))
        .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
        .withArgs(selectorOf(m, "Disputed"));
      await m.networkHelpers.time.increase(10_000n);
      await expect(m.escrow.expire(request.words)).to.be.revertedWithCustomError(m.escrow, "Disputed");
      expect(round).to.be.greaterThan(request.fields.round);
    });

    it("is opened once", async () => {
      const m = market();
      const scene = await stage(m);
      await conflict(m, scene);
      await expect(conflict(m, scene))
        .to.be.revertedWithCustomError(m.disputes, "AlreadyDisputed")
        .withArgs(scene.request.requestId);
    });

    it("is not opened by statements that agree, of one member, of a stranger, or over other words", async () => {
      const m = market();
      const { request, members } = await stage(m);
      const [a, b] = [
        await evidenceOf(m, request, members, 0, { digest: truth(request) }),
        await evidenceOf(m, request, members, 1, { digest: lie }),
      ];
      const same = await evidenceOf(m, request, members, 1, { digest: truth(request) });
      const own = await evidenceOf(m, request, members, 0, { digest: lie });
      const forged = await evidenceOf(m, request, members, 1, { digest: lie, key: labelledKey("nobody") });
      const ofPanel = await evidenceOf(m, request, members, 1, { digest: lie, level: 1n });
      for (const second of [same, own]) {
        await expect(m.disputes.openByConflict(request.words, a, second)) //
          .to.be.revertedWithCustomError(m.disputes, "NoContradiction");
      }
      for (const second of [forged, ofPanel, { ...b, committed: b.committed ^ 1n }, { ...b, digest: otherLie }]) {
        await expect(m.disputes.openByConflict(request.words, a, second))
          .to.be.revertedWithCustomError(m.disputes, "NotSignedBy")
          .withArgs(members[1]?.nodeId);
      }
      await expect(m.disputes.openByConflict(request.words, a, { ...b, seat: 3n }))
        .to.be.revertedWithCustomError(m.disputes, "NoSuchSeat")
        .withArgs(3n, 3n);
    });

    it("needs the request's own words: no other, and none that was never made or has ended", async () => {
      const m = market();
      const { request, members, settlement } = await stage(m);
      const a = await evidenceOf(m, request, members, 0, { digest: truth(request) });
      const b = await evidenceOf(m, request, members, 1, { digest: lie });
      const changed = { ...request.words, work: request.words.work + 1n };
      await expect(m.disputes.openByConflict(changed, a, b)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
      await settle(m, settlement);
      await expect(m.disputes.openByConflict(request.words, a, b)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
    });

    it("is opened until deadline and expire delay are over, and not a second later", async () => {
      const m = market();
      const scene = await stage(m);
      const { fields } = scene.request;
      const word = await m.escrow.roundWord(fields.round);
      const { deadlineS } = timelineOf(
        fields,
        m.world.beacon.genesisS + (fields.round - 1n),
        word & ((1n << 40n) - 1n),
      );
      const latest = deadlineS + fields.expireDelayS;
      const snapshot = await m.networkHelpers.takeSnapshot();
      await nextBlockAt(latest + 1n);
      await expect(conflict(m, scene)).to.be.revertedWithCustomError(m.escrow, "TooLateToDispute").withArgs(latest);
      await snapshot.restore();
      await nextBlockAt(latest);
      await expect(conflict(m, scene)).to.emit(m.disputes, "DisputeOpened");
    });

    it("is opened by an outsider against one member's word, with a bond", async () => {
      const m = market();
      const { request, members } = await stage(m);
      const accused = await evidenceOf(m, request, members, 0, { digest: lie });
      const bond = (firstPanel + margin) * payOf(request);
      expect(await m.disputes.bondOf(request.words, 1)).to.equal(bond);
      await expect(m.disputes.connect(m.stranger).openAgainstMember(request.words, accused))
        .to.be.revertedWithCustomError(m.escrow, "InsufficientBalance")
        .withArgs(m.stranger.address, 0n, bond);
      await m.escrow.connect(m.requester).transfer(m.stranger.address, bond);
      await m.disputes.connect(m.stranger).openAgainstMember(request.words, accused);
      expect(await balanceIn(m, m.stranger.address)).to.equal(0n);
      expect(await balanceIn(m, m.instance.disputes)).to.equal(bond);
    });
  });

  describe("over a result", () => {
    it("is opened by a member's dissent within the challenge window, up to its last second", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const { untilS } = decodeSlotWord(await m.escrow.slotOf(m.requester, 0n));
      const snapshot = await m.networkHelpers.takeSnapshot();
      await nextBlockAt(untilS + 1n);
      await expect(dissent(m, scene)).to.be.revertedWithCustomError(m.escrow, "TooLateToDispute").withArgs(untilS);
      await snapshot.restore();
      await nextBlockAt(untilS);
      await expect(dissent(m, scene)).to.emit(m.escrow, "RequestDisputed").withArgs(scene.request.requestId);
      expect(await slotState()).to.equal("recordedDisputed");
      await waitPast(m, untilS + 10_000n);
      const finalize = m.escrow.finalize(scene.settlement, m.settler.address);
      await expect(finalize).to.be.revertedWithCustomError(m.escrow, "Disputed");
      const { words } = scene.request;
      await expect(
        m.escrow.finalizeWithoutOutput(words, scene.outcome.digest, scene.outcome.head, m.settler.address),
      ).to.be.revertedWithCustomError(m.escrow, "Disputed");
      await expect(m.escrow.expire(words)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
    });

    it("counts the dissenting node's owner as the challenger, whoever shows the dissent", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const words = await dissent(m, scene).then(() => m.disputes.caseOf(scene.request.requestId));
      expect((words[0] ?? 0n) >> 96n).to.equal(BigInt(m.owner.address));
    });

    it("is opened after settlement within the dispute window, up to its last second, and leaves the slot alone", async () => {
      const m = market();
      const scene = await stageSettled(m, 0n);
      const word = await m.escrow.slotOf(m.requester, 0n);
      const { untilS } = decodeSlotWord(word);
      const snapshot = await m.networkHelpers.takeSnapshot();
      await nextBlockAt(untilS + 1n);
      await expect(dissent(m, scene)).to.be.revertedWithCustomError(m.escrow, "TooLateToDispute").withArgs(untilS);
      await snapshot.restore();
      await nextBlockAt(untilS);
      await expect(dissent(m, scene)).to.emit(m.disputes, "DisputeOpened").and.not.to.emit(m.escrow, "RequestDisputed");
      expect(await m.escrow.slotOf(m.requester, 0n)).to.equal(word);
    });

    it("is opened by an outsider's bond", async () => {
      const m = market();
      const { request, outcome } = await stageSettled(m, windowS);
      const bond = (firstPanel + margin) * payOf(request);
      await m.escrow.connect(m.requester).transfer(m.stranger.address, bond);
      await expect(m.disputes.connect(m.stranger).openByBond(request.words, outcome))
        .to.emit(m.disputes, "DisputeOpened")
        .withArgs(
          request.requestId,
          m.stranger.address,
          outcome.digest,
          (_: bigint) => true,
          request.fields.snapshotId,
          bond,
        );
    });

    it("needs the outcome that the slot holds, to the bit", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const { outcome } = scene;
      for (const wrong of [
        { ...outcome, digest: otherLie },
        { ...outcome, head: outcome.head ^ (1n << 74n) },
        { ...outcome, settler: m.stranger.address },
      ]) {
        await expect(dissent(m, { ...scene, outcome: wrong })).to.be.revertedWithCustomError(
          m.escrow,
          "OutcomeUnknown",
        );
      }
    });

    it("is not opened by a member that says the same, nor by one that is jailed", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      await expect(dissent(m, scene, truth(scene.request))) //
        .to.be.revertedWithCustomError(m.disputes, "NoContradiction");
      const { request, members } = scene;
      const a = await evidenceOf(m, request, members, 2, { digest: lie });
      const b = await evidenceOf(m, request, members, 2, { digest: otherLie });
      await m.disputes.proveEquivocation(request.words, 0, a, b);
      await expect(dissent(m, scene))
        .to.be.revertedWithCustomError(m.disputes, "NotSignedBy")
        .withArgs(members[2]?.nodeId);
    });

    it("is opened by a dissent under a key that was current when the request was made", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const nodeId = scene.members[2]?.nodeId ?? 0n;
      await rotate(m, nodeId, "a newer key");
      expect(keyOf(m, nodeId).address).not.to.equal(labelledKey("a newer key").address);
      await expect(dissent(m, scene)).to.emit(m.disputes, "DisputeOpened");
    });
  });
});
