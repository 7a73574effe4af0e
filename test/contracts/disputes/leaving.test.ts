import { expect } from "chai";
import {
  appealWindowS,
  convene,
  decide,
  lie,
  panelTimeS,
  punishWindowS,
  stage,
  truth,
  waitPast,
  type Scene,
} from "../../helpers/disputes.ts";
import { settle, useMarket, type Market } from "../../helpers/market.ts";
import { challenge, dear, elevenJurors, evidence, finalize, nodeAt, stakePerNode } from "../../helpers/trial.ts";

describe("A node that a dispute names", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  it("does not get its stake before the dispute can have ended (STK-2)", async () => {
    const m = market();
    const { scene, node, releaseAt } = await leftBehind(1);
    await m.disputes.freeze(scene.request.words, 0, 1);
    const until = await m.nodeRegistry.frozenUntil(node, m.taskId);
    // the longest way: the round posted in its last second, undecided, escalated in the last second, and again
    const { beaconTimeoutS } = scene.request.fields;
    const finalAt = await longestWay(m, scene, beaconTimeoutS);
    expect(until >= finalAt + punishWindowS).to.equal(true);
    expect(releaseAt < finalAt).to.equal(true);
    await expect(m.nodeRegistry.release(node, m.taskId))
      .to.be.revertedWithCustomError(m.nodeRegistry, "StakeFrozen")
      .withArgs(node, m.taskId, until);
    await m.disputes.punish(scene.request.words, 0, await evidence(m, scene, 1, truth(scene.request)));
    expect(await m.nodeRegistry.awardOf(m.instance.disputes)).to.equal(stakePerNode);
    await waitPast(m, until);
    await expect(m.nodeRegistry.release(node, m.taskId)) //
      .to.be.revertedWithCustomError(m.nodeRegistry, "NothingUnbonding");
  });

  it("gets it afterwards if it was right", async () => {
    const m = market();
    const { scene, node } = await leftBehind(0);
    await m.disputes.freeze(scene.request.words, 0, 0);
    const until = await m.nodeRegistry.frozenUntil(node, m.taskId);
    await nextBlockAt(until);
    await expect(m.nodeRegistry.release(node, m.taskId)).to.be.revertedWithCustomError(m.nodeRegistry, "StakeFrozen");
    await nextBlockAt(until + 1n);
    await expect(m.nodeRegistry.release(node, m.taskId))
      .to.emit(m.nodeRegistry, "StakeReleased")
      .withArgs(node, m.taskId, stakePerNode);
  });

  /**
   * A member leaves while a result is recorded that nobody finalises until its stake is about to be free. Then it is, and is
   * disputed: the only way to a dispute that unbonding does not outlast.
   */
  async function leftBehind(seat: number) {
    const m = market();
    const scene = await stage(m, { ...dear, challengeWindow: 100n }, []);
    await settle(m, scene.settlement);
    const node = nodeAt(scene, seat);
    await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, node);
    const { releaseAt } = await m.nodeRegistry.unbondingStake(node, m.taskId);
    await nextBlockAt(releaseAt - 6n);
    await finalize(m, scene);
    await challenge(m, scene);
    return { scene, node, releaseAt };
  }

  /** Every wait as long as it can be. Returns the last second before the verdict is final. */
  async function longestWay(m: Market, scene: Scene, beaconTimeoutS: bigint): Promise<bigint> {
    const { request } = scene;
    await m.networkHelpers.time.increase(beaconTimeoutS - 10n);
    const endsAt = (await convene(m, request, 1)) + panelTimeS;
    await nextBlockAt(endsAt + appealWindowS);
    await m.disputes.escalate(scene.request.words);
    await m.networkHelpers.time.increase(beaconTimeoutS - 10n);
    const secondEnd = (await convene(m, request, 2)) + panelTimeS;
    await decide(m, request, { level: 2, digest: lie, attesting: elevenJurors });
    await waitPast(m, secondEnd + appealWindowS);
    return secondEnd + appealWindowS;
  }
});
