import { expect } from "chai";
import type { Hex } from "viem";
import { publishSnapshot, registerNode, subscribe } from "../../../deploy/local/nodes.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { lockUp } from "../../../sdk/money/lock.ts";
import { payoutOf } from "../../../sdk/money/payout.ts";
import { decodeNodeWord } from "../../../sdk/words/node-word.ts";
import { forge } from "../../helpers/forge.ts";
import {
  appealWindowS,
  conflict,
  convene,
  decide,
  dissent,
  endings,
  lie,
  panelOf,
  panelTimeS,
  payOf,
  roundOf,
  type Scene,
  stage,
  stageSettled,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { balanceIn, type Market, selectorOf, settle, startingBalance, useMarket } from "../../helpers/market.ts";

const windowS = 100n;
const funds = 10n ** 9n;

describe("The money of a dispute", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  async function challenge({ request, outcome }: Scene) {
    const m = market();
    await m.escrow.connect(m.requester).transfer(m.stranger.address, funds);
    return m.disputes.connect(m.stranger).openByBond(request.words, outcome);
  }
  /** The first panel decides, and its windows go by. */
  async function judge({ request }: Scene, digest: Hex, attesting = [0, 1, 2, 3, 4]) {
    const startAt = await convene(market(), request, 1);
    await decide(market(), request, { level: 1, digest, attesting });
    await waitPast(market(), startAt + panelTimeS + appealWindowS);
  }
  const conclude = ({ request }: Scene) => market().disputes.connect(market().settler).conclude(request.words);
  const finalize = ({ settlement }: Scene) => market().escrow.finalize(settlement, market().settler.address);

  describe("over a recorded result", () => {
    it("upheld: the loser's bond pays the jurors that attested and the treasury, and the result is paid", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const { request, members } = scene;
      await challenge(scene);
      const pay = payOf(request);
      await judge(scene, truth(request));
      const jurors = await panelOf(m, request, 1);
      await expect(conclude(scene))
        .to.emit(m.disputes, "BondsReturned")
        .withArgs(request.requestId, 0n, 0n, 5n * pay);
      for (const [seat, juror] of jurors.entries()) {
        expect(await earningsOf(m, juror.nodeId), `juror ${seat}`).to.equal(seat < 5 ? pay : 0n);
      }
      expect(await balanceIn(m, m.stranger.address)).to.equal(funds - 11n * pay);
      expect(await balanceIn(m, m.treasury.address)).to.equal(6n * pay);
      expect(await balanceIn(m, m.instance.disputes)).to.equal(0n);
      await expect(finalize(scene)).to.emit(m.escrow, "Settled");
      const payout = payoutOf({ request: request.fields, members, attested: 0b011n });
      for (const [seat, member] of members.entries()) {
        expect(await earningsOf(m, member.nodeId)).to.equal(payout.pays[seat]);
      }
    });

    it("overturned: the whole lock is refunded, and the challenger's bond returned", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const { request } = scene;
      await challenge(scene);
      await judge(scene, lie);
      const concluding = conclude(scene);
      await expect(concluding)
        .to.emit(m.escrow, "Refunded")
        .withArgs(request.requestId, m.requester.address, lockUp(request.fields), selectorOf(m, "Overturned"));
      await expect(concluding)
        .to.emit(m.disputes, "BondsReturned")
        .withArgs(request.requestId, 11n * payOf(request), 0n, 0n);
      expect(await balanceIn(m, m.stranger.address)).to.equal(funds);
      expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance - funds);
      await expect(finalize(scene)).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
    });

    it("undecided: refund; jurors that are known are paid out of the bond, and the rest of it returned", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const { request } = scene;
      await challenge(scene);
      const pay = payOf(request);
      const endsAt = (await convene(m, request, 1)) + panelTimeS;
      await nextBlockAt(endsAt + 1n);
      await decide(m, request, { level: 1, digest: lie, attesting: [0, 1, 2, 3] });
      await waitPast(m, endsAt + appealWindowS);
      const concluding = conclude(scene);
      await expect(concluding)
        .to.emit(m.disputes, "BondsReturned")
        .withArgs(request.requestId, 7n * pay, 0n, 4n * pay);
      await expect(concluding)
        .to.emit(m.escrow, "Refunded")
        .withArgs(request.requestId, m.requester.address, lockUp(request.fields), selectorOf(m, "Undecided"));
      expect(await balanceIn(m, m.stranger.address)).to.equal(funds - 4n * pay);
      expect(await balanceIn(m, m.treasury.address)).to.equal(0n);
    });

    it("without a round in time: the quorum stands and is paid, and the bond returned", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      await challenge(scene);
      const due = timeOf(m.world.beacon, await roundOf(m, scene.request, 1));
      const latest = due + scene.request.fields.beaconTimeoutS;
      await nextBlockAt(latest);
      await expect(conclude(scene)).to.be.revertedWithCustomError(m.disputes, "StillPending");
      await nextBlockAt(latest + 1n);
      await expect(conclude(scene))
        .to.emit(m.disputes, "DisputeConcluded")
        .withArgs(scene.request.requestId, endings.noPanel, `0x${"00".repeat(32)}`);
      expect(await balanceIn(m, m.stranger.address)).to.equal(funds);
      await expect(finalize(scene)).to.emit(m.escrow, "Settled");
    });

    it("with a round that proves that the clock lags: the same, at once", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      await challenge(scene);
      const round = await roundOf(m, scene.request, 1);
      await m.beacon.submit(round, m.world.beacon.sign(round));
      await conclude(scene);
      expect((await m.disputes.verdictOf(scene.request.words)).ending).to.equal(endings.noPanel);
      expect(await balanceIn(m, m.stranger.address)).to.equal(funds);
      await expect(finalize(scene)).to.emit(m.escrow, "Settled");
    });
  });

  describe("over a settled request", () => {
    it("overturned: what is paid stays paid, and the bond is returned", async () => {
      const m = market();
      const scene = await stageSettled(m, 0n);
      await challenge(scene);
      const slot = await m.escrow.slotOf(m.requester, 0n);
      await judge(scene, lie);
      await expect(conclude(scene)).to.emit(m.disputes, "DisputeConcluded").and.not.to.emit(m.escrow, "Refunded");
      expect(await m.escrow.slotOf(m.requester, 0n)).to.equal(slot);
      expect(await balanceIn(m, m.stranger.address)).to.equal(funds);
      const payout = payoutOf({ request: scene.request.fields, members: scene.members, attested: 0b011n });
      for (const [seat, member] of scene.members.entries()) {
        expect(await earningsOf(m, member.nodeId)).to.equal(payout.pays[seat]);
      }
    });

    it("goes on when the slot holds another request, which it does not touch", async () => {
      const m = market();
      const scene = await stageSettled(m, 0n);
      await challenge(scene);
      await m.networkHelpers.time.increase(10);
      const next = await stage(m);
      await judge(scene, lie);
      await conclude(scene);
      await expect(m.escrow.connect(m.settler).settle([next.settlement], [])) // its own deadline went by meanwhile
        .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
        .withArgs(selectorOf(m, "DeadlinePassed"));
      await expect(m.escrow.expire(next.request.words)).to.emit(m.escrow, "Refunded");
    });
  });

  describe("over an open request", () => {
    it("decided for the quorum: it settles with that digest and no other, also after its deadline", async () => {
      const m = market();
      const scene = await stage(m, {}, []);
      const { request } = scene;
      await conflict(m, scene);
      await judge(scene, truth(request));
      const concluding = conclude(scene);
      await expect(concluding).to.emit(m.escrow, "VerdictRecorded");
      const other = await forge(m, request, { answer: { output: "0xee" } });
      await expect(settle(m, other))
        .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
        .withArgs(selectorOf(m, "Disputed"));
      await expect(settle(m, scene.settlement)).to.emit(m.escrow, "Settled");
    });

    it("settles until the verdict's last second, and is refunded from the next on", async () => {
      const m = market();
      const scene = await stage(m, {}, []);
      const { request } = scene;
      await conflict(m, scene);
      await judge(scene, truth(request));
      await conclude(scene);
      const { windowS: taskS, fallbackDelayS, chainPhaseS, expireDelayS } = request.fields;
      const untilS =
        BigInt(await m.networkHelpers.time.latest()) + taskS + fallbackDelayS + 2n * chainPhaseS + expireDelayS;
      const snapshot = await m.networkHelpers.takeSnapshot();
      await nextBlockAt(untilS + 1n);
      await expect(settle(m, scene.settlement))
        .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
        .withArgs(selectorOf(m, "DeadlinePassed"));
      await expect(m.escrow.expire(request.words))
        .to.emit(m.escrow, "Refunded")
        .withArgs(request.requestId, m.requester.address, lockUp(request.fields), selectorOf(m, "DeadlinePassed"));
      await snapshot.restore();
      const early = await m.networkHelpers.takeSnapshot();
      await nextBlockAt(untilS);
      await expect(m.escrow.expire(request.words))
        .to.be.revertedWithCustomError(m.escrow, "NotExpired")
        .withArgs(untilS);
      await early.restore();
      await nextBlockAt(untilS);
      await expect(settle(m, scene.settlement)).to.emit(m.escrow, "Settled");
    });

    it("with a challenge window is recorded after the verdict, and paid after the window", async () => {
      const m = market();
      const scene = await stage(m, { challengeWindow: windowS }, []);
      await conflict(m, scene);
      await judge(scene, truth(scene.request));
      await conclude(scene);
      await expect(settle(m, scene.settlement)).to.emit(m.escrow, "ResultRecorded");
      await expect(dissent(m, scene))
        .to.be.revertedWithCustomError(m.disputes, "AlreadyDisputed")
        .withArgs(scene.request.requestId);
      await m.networkHelpers.time.increase(windowS + 1n);
      await expect(finalize(scene)).to.emit(m.escrow, "Settled");
    });

    it("decided against the quorum: nobody can settle, and the lock is refunded", async () => {
      const m = market();
      const scene = await stage(m, {}, []);
      const { request } = scene;
      await conflict(m, scene);
      await judge(scene, lie);
      await conclude(scene);
      await expect(settle(m, scene.settlement))
        .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
        .withArgs(selectorOf(m, "Disputed"));
      await m.networkHelpers.time.increase(1_000);
      await expect(m.escrow.expire(request.words)).to.emit(m.escrow, "Refunded");
      expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance);
    });
  });

  describe("on appeal", () => {
    async function appealed(scene: Scene, first: Hex) {
      const m = market();
      await m.escrow.connect(m.requester).transfer(m.settler.address, funds);
      await convene(m, scene.request, 1);
      await decide(m, scene.request, { level: 1, digest: first, attesting: [0, 1, 2, 3, 4] });
      const bond = 19n * payOf(scene.request);
      expect(await m.disputes.bondOf(scene.request.words, 2)).to.equal(bond);
      await expect(m.disputes.connect(m.settler).appeal(scene.request.words))
        .to.emit(m.disputes, "LevelOpened")
        .withArgs(scene.request.requestId, m.settler.address, (_: bigint) => true, bond);
      return (await convene(m, scene.request, 2)) + panelTimeS;
    }
    const eleven = [...Array(11).keys()];

    it("won: the second panel decides, both bonds go back to who was right, and who was wrong pays", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const pay = payOf(scene.request);
      await challenge(scene);
      const endsAt = await appealed(scene, lie); // the first panel is wrong, for the challenger
      await decide(m, scene.request, { level: 2, digest: truth(scene.request), attesting: eleven });
      await nextBlockAt(endsAt + appealWindowS);
      await expect(conclude(scene)).to.be.revertedWithCustomError(m.disputes, "StillPending");
      await nextBlockAt(endsAt + appealWindowS + 1n);
      // the challenger's 11 pays are shared by the 11 jurors of the second panel; the first ones attested a lie
      await expect(conclude(scene))
        .to.emit(m.disputes, "BondsReturned")
        .withArgs(scene.request.requestId, 0n, 19n * pay, 11n * pay);
      expect(await balanceIn(m, m.treasury.address)).to.equal(0n);
      expect(await balanceIn(m, m.settler.address)).to.equal(funds);
      for (const juror of await panelOf(m, scene.request, 1)) expect(await earningsOf(m, juror.nodeId)).to.equal(0n);
      await expect(finalize(scene)).to.emit(m.escrow, "Settled");
    });

    it("lost: both bonds pay the jurors of both panels, and the treasury the rest", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const pay = payOf(scene.request);
      await challenge(scene);
      const endsAt = await appealed(scene, truth(scene.request));
      await decide(m, scene.request, { level: 2, digest: truth(scene.request), attesting: eleven });
      await waitPast(m, endsAt + appealWindowS);
      await expect(conclude(scene))
        .to.emit(m.disputes, "BondsReturned")
        .withArgs(scene.request.requestId, 0n, 0n, 16n * pay);
      expect(await balanceIn(m, m.treasury.address)).to.equal((11n + 19n - 16n) * pay);
      for (const level of [1, 2] as const) {
        const jurors = await panelOf(m, scene.request, level);
        const paid = level === 1 ? 5 : 11;
        for (const [seat, { nodeId }] of jurors.entries())
          expect(await earningsOf(m, nodeId)).to.equal(seat < paid ? pay : 0n);
      }
    });

    it("that finds nothing: the first decision stands, and the appellant's bond is lost", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const pay = payOf(scene.request);
      await challenge(scene);
      const endsAt = await appealed(scene, lie);
      await waitPast(m, endsAt + appealWindowS);
      await expect(conclude(scene))
        .to.emit(m.disputes, "BondsReturned")
        .withArgs(scene.request.requestId, 11n * pay, 0n, 5n * pay);
      expect(await balanceIn(m, m.treasury.address)).to.equal(14n * pay);
      expect(await balanceIn(m, m.settler.address)).to.equal(funds - 19n * pay);
    });

    it("without a round: the first decision stands, and the appellant's bond is returned", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      await challenge(scene);
      await m.escrow.connect(m.requester).transfer(m.settler.address, funds);
      await convene(m, scene.request, 1);
      await decide(m, scene.request, { level: 1, digest: lie, attesting: [0, 1, 2, 3, 4] });
      await m.disputes.connect(m.settler).appeal(scene.request.words);
      await m.networkHelpers.time.increase(scene.request.fields.beaconTimeoutS + 10n);
      await expect(conclude(scene)).to.emit(m.escrow, "Refunded");
      expect(await balanceIn(m, m.settler.address)).to.equal(funds);
      expect(await balanceIn(m, m.stranger.address)).to.equal(funds);
    });

    it("is for decisions; an undecided first level is escalated after its end, free of charge", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const { request } = scene;
      const pay = payOf(request);
      await challenge(scene);
      const endsAt = (await convene(m, request, 1)) + panelTimeS;
      await expect(m.disputes.appeal(request.words)).to.be.revertedWithCustomError(m.disputes, "NothingToMove");
      await nextBlockAt(endsAt);
      await expect(m.disputes.escalate(request.words))
        .to.be.revertedWithCustomError(m.disputes, "TooEarly")
        .withArgs(endsAt);
      const snapshot = await m.networkHelpers.takeSnapshot();
      await nextBlockAt(endsAt + appealWindowS + 1n);
      await expect(m.disputes.escalate(request.words))
        .to.be.revertedWithCustomError(m.disputes, "WindowOver")
        .withArgs(endsAt + appealWindowS);
      await snapshot.restore();
      await nextBlockAt(endsAt + appealWindowS);
      await expect(m.disputes.escalate(request.words)).to.emit(m.disputes, "LevelOpened");
      await expect(m.disputes.escalate(request.words)).to.be.revertedWithCustomError(m.disputes, "LevelTwoOpen");
      const secondEnd = (await convene(m, request, 2)) + panelTimeS;
      await decide(m, request, { level: 2, digest: truth(request), attesting: eleven });
      await waitPast(m, secondEnd + appealWindowS);
      await expect(conclude(scene))
        .to.emit(m.disputes, "BondsReturned")
        .withArgs(request.requestId, 0n, 0n, 11n * pay);
      await expect(finalize(scene)).to.emit(m.escrow, "Settled");
    });

    it("is possible until the appeal window's last second, once", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      await challenge(scene);
      await m.escrow.connect(m.requester).transfer(m.settler.address, funds);
      const endsAt = (await convene(m, scene.request, 1)) + panelTimeS;
      await decide(m, scene.request, { level: 1, digest: lie, attesting: [0, 1, 2, 3, 4] });
      const snapshot = await m.networkHelpers.takeSnapshot();
      await nextBlockAt(endsAt + appealWindowS + 1n);
      await expect(m.disputes.connect(m.settler).appeal(scene.request.words))
        .to.be.revertedWithCustomError(m.disputes, "WindowOver")
        .withArgs(endsAt + appealWindowS);
      await snapshot.restore();
      await nextBlockAt(endsAt + appealWindowS);
      await m.disputes.connect(m.settler).appeal(scene.request.words);
      await expect(m.disputes.connect(m.settler).appeal(scene.request.words)) //
        .to.be.revertedWithCustomError(m.disputes, "LevelTwoOpen");
    });
  });
});

describe("A dispute in a pool too small for a panel", () => {
  const market = useMarket({ nodes: 9, task: { window: 30 } });

  it("ends as soon as its round is posted: the recorded quorum is paid and the bond returned", async () => {
    const m = market();
    const scene = await stageSettled(m, windowS, { acceptNoPanel: true });
    await m.escrow.connect(m.requester).transfer(m.stranger.address, funds);
    await m.disputes.connect(m.stranger).openByBond(scene.request.words, scene.outcome);
    await convene(m, scene.request, 1);
    await expect(decide(m, scene.request, { level: 1, digest: lie }))
      .to.be.revertedWithCustomError(m.disputes, "NoPanel")
      .withArgs(6n);
    await m.disputes.conclude(scene.request.words);
    expect(await balanceIn(m, m.stranger.address)).to.equal(funds);
    await expect(m.escrow.finalize(scene.settlement, m.settler.address)).to.emit(m.escrow, "Settled");
  });

  it("lets an open request settle with whatever its quorum says, and refunds it without one", async () => {
    const m = market();
    const scene = await stage(m, { acceptNoPanel: true }, []);
    await conflict(m, scene);
    await convene(m, scene.request, 1);
    await m.disputes.conclude(scene.request.words);
    const snapshot = await m.networkHelpers.takeSnapshot();
    await expect(settle(m, scene.settlement)).to.emit(m.escrow, "Settled");
    await snapshot.restore();
    await m.networkHelpers.time.increase(1_000);
    await expect(m.escrow.expire(scene.request.words)).to.emit(m.escrow, "Refunded");
  });

  it("draws seven, the least that are a panel, once another node has joined the newest snapshot", async () => {
    const m = market();
    const scene = await stage(m, { acceptNoPanel: true }, []);
    await joinPool(m);
    await conflict(m, scene);
    await convene(m, scene.request, 1);
    expect(await panelOf(m, scene.request, 1)).to.have.length(7);
  });
});

async function joinPool(m: Market): Promise<void> {
  const node = await registerNode(m.world, m.ownerWallet, "a newcomer");
  await subscribe(m.world, node, m.taskId, 5);
  await publishSnapshot(m.world, m.taskId);
}

async function earningsOf({ escrow }: Market, nodeId: bigint): Promise<bigint> {
  return decodeNodeWord(await escrow.nodeWord(nodeId)).earnings;
}
