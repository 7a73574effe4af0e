import { expect } from "chai";
import { labelledKey } from "../../../deploy/local/world.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { timelineOf } from "../../../sdk/time/timeline.ts";
import { conflict, decide, lie, roundOf, type Scene, stage, truth } from "../../helpers/disputes.ts";
import { consentOf, farFutureS } from "../../helpers/identity.ts";
import { useMarket } from "../../helpers/market.ts";
import { withProductionTimes } from "../../helpers/production-times.ts";
import { evidence, nodeAt, stakePerNode } from "../../helpers/trial.ts";

/** Orders of six calls, and ways to cut each into what is done before the dispute, during it, and after the verdict. */
const orders = 720 * 28;
const liar = 1;
const calls = ["unsubscribe", "release", "withdraw", "register again", "hand over", "rotate"] as const;
type Call = (typeof calls)[number];
const phases = ["attested", "disputed", "judged"] as const;

/**
 * A node has attested a lie, and does all that a node can do with its stake, its owner and its keys. Orders that have come to
 * the same state with the same calls left go on together.
 */
describe("Whoever attested a lie", () => {
  const market = useMarket({ ...withProductionTimes, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);
  let scene: Scene;
  let node: bigint;
  let punishUntilS: bigint;
  let done: Set<Call>;

  const ownerOf = async () => {
    const { nodeRegistry, owner, account } = market();
    return (await nodeRegistry.ownerOf(node)) === owner.address ? owner : account(6);
  };

  /** A node's call, by whoever owns it by now. */
  async function make(call: Call): Promise<unknown> {
    const { nodeRegistry, taskRegistry, taskId, account } = market();
    const owner = await ownerOf();
    const asOwner = { nodes: nodeRegistry.connect(owner), tasks: taskRegistry.connect(owner) };
    switch (call) {
      case "unsubscribe":
        return asOwner.tasks.unsubscribe(taskId, node);
      case "release":
        return asOwner.nodes.release(node, taskId);
      case "withdraw":
        return asOwner.nodes.withdraw(node, owner.address, await nodeRegistry.freeStake(node));
      case "register again":
        return registerAgain();
      case "hand over":
        await asOwner.nodes.transferOwnership(node, account(6).address);
        return nodeRegistry.connect(account(6)).acceptOwnership(node);
      case "rotate":
        return rotateTo("a newer key");
    }
  }

  /** Its key serves no second node; the node itself may subscribe again, with stake that backed nothing. */
  async function registerAgain() {
    const { nodeRegistry, taskRegistry, taskId } = market();
    const owner = await ownerOf();
    const label = `node ${node - 1n}`;
    const consent = await consentOf(market(), label, { owner: owner.address });
    await expect(nodeRegistry.connect(owner).register(labelledKey(label).address, "", farFutureS, consent)) //
      .to.be.revertedWithCustomError(nodeRegistry, "SignerTaken");
    return taskRegistry.connect(owner).subscribe(taskId, node, 5);
  }

  async function rotateTo(label: string) {
    const owner = await ownerOf();
    const consent = await consentOf(market(), label, { owner: owner.address });
    const { address } = labelledKey(label);
    return market().nodeRegistry.connect(owner).rotateSigner(node, address, farFutureS, consent);
  }

  /** Tries a call; one that is refused changes nothing. */
  async function attempt(call: Call): Promise<void> {
    const went = await make(call).then(
      () => true,
      (error: unknown) => {
        if (String(error).includes("reverted")) return false;
        throw error;
      },
    );
    if (went) done.add(call);
  }

  /** All that is to be known of the node on chain, but for times. */
  async function stateOf(): Promise<string> {
    const { nodeRegistry, taskRegistry, escrow, taskId, account } = market();
    const { owner, pendingOwner, signer } = await nodeRegistry.nodeOf(node);
    const { subscribed } = await taskRegistry.subscriptionOf(taskId, node);
    const { amount } = await nodeRegistry.unbondingStake(node, taskId);
    const stakes = [await nodeRegistry.freeStake(node), await nodeRegistry.allocatedStake(node, taskId), amount];
    const out = await market().atoma.balanceOf(account(6).address);
    return [owner, pendingOwner, signer, subscribed, await escrow.nodeWord(node), out, ...stakes].join();
  }

  /** Lets the next phase begin in the last second in which it can. */
  async function advance(phase: (typeof phases)[number]): Promise<void> {
    const m = market();
    const { request } = scene;
    if (phase === "attested") {
      const posted = (await m.escrow.roundWord(request.fields.round)) & (2n ** 40n - 1n);
      const due = timeOf(m.world.beacon, request.fields.round);
      const { deadlineS } = timelineOf(request.fields, due, posted);
      await nextBlockAt(deadlineS + request.fields.expireDelayS);
      await conflict(m, scene);
    } else {
      const { panelWindow, appealWindow, punishWindow } = m.world.parameters.disputeParameters;
      const round = await roundOf(m, request, 1);
      const postedAtS = timeOf(m.world.beacon, round) + request.fields.beaconTimeoutS;
      await nextBlockAt(postedAtS);
      await m.beacon.submit(round, m.world.beacon.sign(round));
      await nextBlockAt(postedAtS + BigInt(panelWindow));
      await decide(m, request, { level: 1, digest: truth(request) });
      const finalAtS = postedAtS + BigInt(panelWindow + appealWindow);
      await m.networkHelpers.time.increaseTo(finalAtS + 1n);
      punishUntilS = finalAtS + BigInt(punishWindow);
    }
  }

  /** Whatever it did, it is punished in the last second, of all that ever backed the lie. */
  async function expectPunished(): Promise<void> {
    const { disputes, nodeRegistry, networkHelpers, taskId } = market();
    const before = await networkHelpers.takeSnapshot();
    await expectEquivocationProven();
    await before.restore();
    await nextBlockAt(punishUntilS - 2n);
    await attempt("release");
    await nextBlockAt(punishUntilS - 1n);
    await attempt("withdraw");
    const backing = await backingStake();
    const proof = await evidence(market(), scene, liar, lie);
    await nextBlockAt(punishUntilS);
    await disputes.punish(scene.request.words, 0, proof);
    expect(await nodeRegistry.awardOf(market().instance.disputes)).to.equal(backing);
    expect(await nodeRegistry.jailedUntil(node)).not.to.equal(0n);
    expect((await nodeRegistry.unbondingStake(node, taskId)).amount).to.equal(0n);
    expect(await nodeRegistry.allocatedStake(node, taskId)).to.equal(0n);
  }

  /** The same for two attestations of one node, in the last second of their evidence. */
  async function expectEquivocationProven(): Promise<void> {
    const m = market();
    const untilS = scene.request.fields.submittedAtS + BigInt(m.world.parameters.unbonding);
    const proofs = [await evidence(m, scene, liar, lie), await evidence(m, scene, liar, truth(scene.request))] as const;
    await nextBlockAt(untilS - 2n);
    await attempt("release");
    await nextBlockAt(untilS - 1n);
    await attempt("withdraw");
    const backing = await backingStake();
    await nextBlockAt(untilS);
    await expect(m.disputes.proveEquivocation(scene.request.words, 0, ...proofs))
      .to.emit(m.disputes, "EquivocationProven")
      .withArgs(scene.request.requestId, node, 0n, backing);
  }

  async function backingStake(): Promise<bigint> {
    const { nodeRegistry, taskId } = market();
    const { amount } = await nodeRegistry.unbondingStake(node, taskId);
    const backing = amount + (await nodeRegistry.allocatedStake(node, taskId));
    expect(backing >= stakePerNode, "no stake of the lie is out").to.equal(true);
    return backing;
  }

  /** Goes on in every way from here. Returns how many orders that is. */
  async function explore(phase: number, left: readonly Call[], seen: Map<string, number>): Promise<number> {
    const key = `${phase} ${left.join()} ${await stateOf()}`;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const { networkHelpers } = market();
    const here = await networkHelpers.takeSnapshot();
    let count = 0;
    for (const call of left) {
      await attempt(call);
      count += await explore(
        phase,
        left.filter((other) => other !== call),
        seen,
      );
      await here.restore();
    }
    const [at, next] = [phases[phase], phases[phase + 1]];
    if (at !== undefined && next !== undefined) {
      await advance(at);
      count += await explore(phase + 1, left, seen);
      await here.restore();
    } else if (left.length === 0) {
      await expectPunished();
      await here.restore();
      count = 1;
    }
    seen.set(key, count);
    return count;
  }

  it(`loses all of its stake for it, in each of ${orders} orders of what it can do meanwhile (STK-2)`, async () => {
    scene = await stage(market(), {}, []);
    node = nodeAt(scene, liar);
    done = new Set();
    const seen = new Map<string, number>();
    expect(await explore(0, calls, seen)).to.equal(orders);
    // every call but the release goes through in some order; that one in none, before its stake is gone
    expect([...done].sort()).to.deep.equal(calls.filter((call) => call !== "release").sort());
  });
});
