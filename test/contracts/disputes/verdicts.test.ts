import { expect } from "chai";
import { publishSnapshot, registerNode, subscribe } from "../../../deploy/local/nodes.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { lockUp } from "../../../sdk/money/lock.ts";
import {
  appealWindowS,
  conflict,
  convene,
  dissent,
  endings,
  lie,
  panelOf,
  roundOf,
  stage,
  stageSettled,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { forge } from "../../helpers/forge.ts";
import { balanceIn, selectorOf, settle, startingBalance, useMarket, type Market } from "../../helpers/market.ts";
import { bondFunds, challenge, conclude, finalize, judge } from "../../helpers/trial.ts";

const windowS = 100n;

describe("What a verdict does to the request", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  it("without a round in time: the quorum stands and is paid, and the bond returned", async () => {
    const m = market();
    const scene = await stageSettled(m, windowS);
    await challenge(m, scene);
    const due = timeOf(m.world.beacon, await roundOf(m, scene.request, 1));
    const latest = due + scene.request.fields.beaconTimeoutS + appealWindowS; // nobody has it drawn again
    await nextBlockAt(latest);
    await expect(conclude(m, scene)).to.be.revertedWithCustomError(m.disputes, "StillPending");
    await nextBlockAt(latest + 1n);
    await expect(conclude(m, scene))
      .to.emit(m.disputes, "DisputeConcluded")
      .withArgs(scene.request.requestId, endings.noPanel, `0x${"00".repeat(32)}`);
    expect(await balanceIn(m, m.stranger.address)).to.equal(bondFunds);
    await expect(finalize(m, scene)).to.emit(m.escrow, "Settled");
  });

  it("with a round that proves that the clock lags: the same, no sooner", async () => {
    const m = market();
    const scene = await stageSettled(m, windowS);
    await challenge(m, scene);
    const round = await roundOf(m, scene.request, 1);
    await m.beacon.submit(round, m.world.beacon.sign(round));
    await expect(conclude(m, scene)).to.be.revertedWithCustomError(m.disputes, "StillPending");
    const due = timeOf(m.world.beacon, round);
    await waitPast(m, due + scene.request.fields.beaconTimeoutS + appealWindowS);
    await conclude(m, scene);
    expect((await m.disputes.verdictOf(scene.request.words)).ending).to.equal(endings.noPanel);
    expect(await balanceIn(m, m.stranger.address)).to.equal(bondFunds);
    await expect(finalize(m, scene)).to.emit(m.escrow, "Settled");
  });

  it("does nothing to another request that the slot holds by then", async () => {
    const m = market();
    const scene = await stageSettled(m, 0n);
    await challenge(m, scene);
    await m.networkHelpers.time.increase(10);
    const next = await stage(m);
    await judge(m, scene, lie);
    await conclude(m, scene);
    await expect(m.escrow.connect(m.settler).settle([next.settlement], [])) // its own deadline went by meanwhile
      .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
      .withArgs(selectorOf(m, "DeadlinePassed"));
    await expect(m.escrow.expire(next.request.words)).to.emit(m.escrow, "Refunded");
  });

  it("decided for the quorum: it settles with that digest and no other, also after its deadline", async () => {
    const m = market();
    const scene = await stage(m, {}, []);
    const { request } = scene;
    await conflict(m, scene);
    await judge(m, scene, truth(request));
    const concluding = conclude(m, scene);
    await expect(concluding).to.emit(m.escrow, "VerdictRecorded");
    const other = await forge(m, request, { answer: { output: "0xee" } });
    await expect(settle(m, other))
      .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
      .withArgs(selectorOf(m, "Disputed"));
    await expect(settle(m, scene.settlement)).to.emit(m.escrow, "Settled");
  });

  it("decided for the quorum: it settles until the verdict's last second, and is refunded from the next on", async () => {
    const m = market();
    const scene = await stage(m, {}, []);
    const { request } = scene;
    await conflict(m, scene);
    await judge(m, scene, truth(request));
    await conclude(m, scene);
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
    await expect(m.escrow.expire(request.words)).to.be.revertedWithCustomError(m.escrow, "NotExpired").withArgs(untilS);
    await early.restore();
    await nextBlockAt(untilS);
    await expect(settle(m, scene.settlement)).to.emit(m.escrow, "Settled");
  });

  it("decided for the quorum of one with a challenge window: it is recorded, and paid after the window", async () => {
    const m = market();
    const scene = await stage(m, { challengeWindow: windowS }, []);
    await conflict(m, scene);
    await judge(m, scene, truth(scene.request));
    await conclude(m, scene);
    await expect(settle(m, scene.settlement)).to.emit(m.escrow, "ResultRecorded");
    await expect(dissent(m, scene))
      .to.be.revertedWithCustomError(m.disputes, "AlreadyDisputed")
      .withArgs(scene.request.requestId);
    await m.networkHelpers.time.increase(windowS + 1n);
    await expect(finalize(m, scene)).to.emit(m.escrow, "Settled");
  });

  it("decided against the quorum: nobody can settle, and the lock is refunded", async () => {
    const m = market();
    const scene = await stage(m, {}, []);
    const { request } = scene;
    await conflict(m, scene);
    await judge(m, scene, lie);
    await conclude(m, scene);
    await expect(settle(m, scene.settlement))
      .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
      .withArgs(selectorOf(m, "Disputed"));
    await m.networkHelpers.time.increase(1_000);
    await expect(m.escrow.expire(request.words)).to.emit(m.escrow, "Refunded");
    expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance);
  });
});

describe("A panel of a small pool", () => {
  const market = useMarket({ nodes: 9, task: { window: 30 } });

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
