import { expect } from "chai";
import { plainTask, registerTask, subscribe } from "../../../deploy/local/nodes.ts";
import { labelledKey } from "../../../deploy/local/world.ts";
import { decodeNodeWord } from "../../../sdk/words/node-word.ts";
import { lie, otherLie, stage, stageSettled, truth } from "../../helpers/disputes.ts";
import { forge } from "../../helpers/forge.ts";
import { consentOf, farFutureS, rotate } from "../../helpers/identity.ts";
import { settle, useMarket } from "../../helpers/market.ts";
import { dear, evidence, nodeAt } from "../../helpers/trial.ts";

describe("A node that is jailed", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  async function jailed() {
    const m = market();
    const scene = await stage(m, dear, []);
    const a = await evidence(m, scene, 0, truth(scene.request));
    await m.disputes.proveEquivocation(scene.request.words, 0, a, await evidence(m, scene, 0, lie));
    return scene;
  }

  it("settles nothing any more, by its current key or by former ones", async () => {
    const m = market();
    const scene = await stage(m, dear, []);
    const node = nodeAt(scene, 0);
    const before = await m.networkHelpers.takeSnapshot();
    await rotate(m, node, "a newer key");
    await expect(settle(m, scene.settlement)).to.emit(m.escrow, "Settled"); // a former key, honoured
    await before.restore();
    const own = await evidence(m, scene, 0, lie);
    await rotate(m, node, "a newer key");
    await m.disputes.proveEquivocation(scene.request.words, 0, own, await evidence(m, scene, 0, otherLie));
    await expect(settle(m, scene.settlement)).to.be.revertedWithCustomError(m.escrow, "NothingSettled");
    const withoutIt = await forge(m, scene.request, { committed: 0b110n });
    await expect(settle(m, withoutIt)).to.emit(m.escrow, "Settled");
  });

  it("is out of the pool, may be evicted from others by anyone, and cannot subscribe", async () => {
    const m = market();
    const other = await registerTask(m.world, plainTask);
    for (const one of m.nodes) await subscribe(m.world, one, other, 5);
    const node = nodeAt(await jailed(), 0);
    expect((await m.taskRegistry.subscriptionOf(m.taskId, node)).subscribed).to.equal(false);
    await m.taskRegistry.connect(m.stranger).evict(other, node);
    const until = await m.nodeRegistry.jailedUntil(node);
    await expect(m.taskRegistry.connect(m.owner).subscribe(m.taskId, node, 5))
      .to.be.revertedWithCustomError(m.nodeRegistry, "NodeIsJailed")
      .withArgs(node, until);
  });

  it("is released by its owner with a fresh key after the unbonding time, and starts from nothing", async () => {
    const m = market();
    const node = nodeAt(await jailed(), 0);
    const until = await m.nodeRegistry.jailedUntil(node);
    expect(until).to.equal(BigInt(await m.networkHelpers.time.latest()) + (await m.nodeRegistry.unbonding()));
    const consent = await consentOf(m, "a newer key");
    const release = () =>
      m.nodeRegistry.connect(m.owner).rotateSigner(node, labelledKey("a newer key").address, farFutureS, consent);
    await nextBlockAt(until - 1n);
    await expect(release()).to.be.revertedWithCustomError(m.nodeRegistry, "NodeIsJailed").withArgs(node, until);
    await nextBlockAt(until);
    await release();
    expect(await m.nodeRegistry.jailedUntil(node)).to.equal(0n);
    const word = decodeNodeWord(await m.escrow.nodeWord(node));
    expect([word.signer, word.reputation]).to.deep.equal([labelledKey("a newer key").address, 0n]);
  });

  it("keeps what it had earned", async () => {
    const m = market();
    const scene = await stageSettled(m, 0n, dear);
    const earned = decodeNodeWord(await m.escrow.nodeWord(nodeAt(scene, 0))).earnings;
    const a = await evidence(m, scene, 0, truth(scene.request));
    await m.disputes.proveEquivocation(scene.request.words, 0, a, await evidence(m, scene, 0, lie));
    expect(decodeNodeWord(await m.escrow.nodeWord(nodeAt(scene, 0))).earnings).to.equal(earned);
    await m.escrow.connect(m.owner).claimEarnings(nodeAt(scene, 0));
  });
});
