import { expect } from "chai";
import { type Hex, keccak256 } from "viem";
import { committeeOf } from "../../deploy/local/committee.ts";
import { digestOf } from "../../sdk/agreement/digest.ts";
import { conflict, dissent, lie, type Scene, stage, stageSettled, truth, waitPast } from "./disputes.ts";
import { type ByNode, feesOn, paidIn } from "./emissions-book.ts";
import { commit, reveal, revealedBy, stall } from "./fallback.ts";
import { forge } from "./forge.ts";
import type { GovernedMarket } from "./governed.ts";
import { rotate } from "./identity.ts";
import { paramsFor, post, requestOf, sampleOutput, settle } from "./market.ts";
import type { Random } from "./random.ts";
import { challenge, conclude, evidence, finalize, judge, nodeAt, stageLie } from "./trial.ts";

const windowS = 100n;

/** A request that was paid, whom it paid how much, and the protocol fees on that. */
export type PaidWork = { readonly scene: Scene; readonly pay: ByNode; readonly fees: ByNode };

/** A request as it is shown to the emissions. */
export const shown = ({ request, outcome: { digest, head } }: Scene) => ({ request: request.words, digest, head });

/** The emissions credit nothing for a request that is not settled. */
async function expectNotCredited(m: GovernedMarket, scene: Scene): Promise<void> {
  await expect(m.emissions.record([shown(scene)]))
    .to.be.revertedWithCustomError(m.emissions, "NotSettled")
    .withArgs(scene.request.requestId);
}

/**
 * Ways in which requests end, by the real protocol, with committees of three. Each checks that it came out as its name says.
 *
 * @param onPaid is told of each request as it is paid
 */
export function makeWork(m: GovernedMarket, random: Random, onPaid: (work: PaidWork) => void) {
  let [slot, label] = [0n, 0];

  /** What a new request is asked for. Jailed nodes are out of the pool that it is drawn from. */
  const terms = async () => {
    await m.taskRegistry.publishSnapshot(m.taskId);
    return { slot: slot++, units: random.within(1_000n, 1_000_000n) };
  };
  const pays = async (act: () => Promise<Scene>): Promise<PaidWork> => {
    const { done: scene, pay, share } = await paidIn(m, act);
    const fees = feesOn(pay, scene.request);
    const total = [...fees.values()].reduce((sum, fee) => sum + fee, 0n);
    expect(total <= share && pay.size > 0, `fees of ${total}, and ${share} for the treasury`).to.equal(true);
    onPaid({ scene, pay, fees });
    return { scene, pay, fees };
  };
  /** Recorded by seats 0 and 1; seat 2 is absent. */
  const recorded = async () => stageSettled(m, windowS, await terms());
  const finish = (scene: Scene) =>
    pays(async () => {
      await expectNotCredited(m, scene);
      await m.networkHelpers.time.increase(windowS + 1n);
      await finalize(m, scene);
      return scene;
    });
  const jailOne = async (scene: Scene): Promise<bigint> => {
    const seat = random.below(2);
    const [a, b] = [await evidence(m, scene, seat, truth(scene.request)), await evidence(m, scene, seat, lie)];
    await m.disputes.proveEquivocation(scene.request.words, 0, a, b);
    return nodeAt(scene, seat);
  };
  const release = async (nodeId: bigint) => {
    await waitPast(m, await m.nodeRegistry.jailedUntil(nodeId));
    await rotate(m, nodeId, `released ${label++}`);
    expect(await m.nodeRegistry.jailedUntil(nodeId)).to.equal(0n);
  };
  const punish = async (scene: Scene, seat: number, digest: Hex) =>
    m.disputes.punish(scene.request.words, 0, await evidence(m, scene, seat, digest));

  const settled = async () => {
    const { pay } = await pays(async () => {
      const scene = await stage(m, await terms(), []);
      await settle(m, scene.settlement);
      return scene;
    });
    expect(pay.size).to.equal(3);
  };
  const bundle = () =>
    pays(async () => {
      const params = paramsFor(m, { k: 3n, quorum: 2n, ...(await terms()) });
      const asked = await m.escrow.connect(m.requester).requestBundle(params, 3, sampleOutput, "http://127.0.0.1/");
      const request = await requestOf(m, asked);
      await post(m, request);
      const digest = keccak256(digestOf({ status: 0n, usage: 7n, outputHash: sampleOutput })); // the root of its tree
      const settlement = await forge(m, request, { answer: { usage: 0n, output: digest } });
      await settle(m, settlement);
      expect(await m.escrow.rootOf(request.requestId)).to.equal(digest);
      const outcome = { digest, head: settlement.head, settler: m.settler.address };
      return { request, members: await committeeOf(m.world, request), settlement, outcome };
    });
  const absent = async () => {
    const { pay } = await finish(await recorded());
    expect(pay.size).to.equal(2);
  };
  /** One goes to jail within the window, and is not paid. */
  const jailed = async () => {
    const scene = await recorded();
    const nodeId = await jailOne(scene);
    const { pay } = await finish(scene);
    expect([pay.has(nodeId), pay.size]).to.deep.equal([false, 1]);
    return nodeId;
  };
  /** The same, and it is out again before anybody records the work. */
  const released = async () => release(await jailed());
  /** One goes to jail within the window, and is out again before the request is paid: it is paid. */
  const releasedFirst = async () => {
    const scene = await recorded();
    const nodeId = await jailOne(scene);
    await release(nodeId);
    expect((await finish(scene)).pay.has(nodeId)).to.equal(true);
  };
  const upheld = async () => {
    const scene = await recorded();
    await dissent(m, scene);
    await judge(m, scene, truth(scene.request));
    await conclude(m, scene);
    await punish(scene, 2, lie);
    await finish(scene);
  };
  /** Two contradict each other before anybody settles; once that is judged, the honest ones settle. */
  const conflicted = async () => {
    const scene = await stage(m, await terms(), [1]);
    await conflict(m, scene);
    await judge(m, scene, truth(scene.request));
    await conclude(m, scene);
    await punish(scene, 1, lie);
    const { pay } = await pays(async () => {
      await expectNotCredited(m, scene);
      await settle(m, scene.settlement);
      return scene;
    });
    expect([pay.has(nodeAt(scene, 1)), pay.size]).to.deep.equal([false, 2]);
  };
  /** The committee goes on chain; two of three reveal. */
  const revealedOnChain = async () => {
    const { request } = await stage(m, await terms());
    const stalled = await stall(m, request);
    const { members, times, digest } = stalled;
    await waitPast(m, times.fallbackAtS);
    for (const seat of [0, 1]) await commit(stalled, seat);
    await waitPast(m, times.chainCommitEndS);
    for (const seat of [0, 1]) await reveal(stalled, seat);
    await waitPast(m, times.deadlineS);
    const settlement = revealedBy(stalled, [0, 1]);
    const { pay } = await pays(async () => {
      await m.escrow.connect(m.settler).settleRevealed(settlement);
      return { request, members, settlement, outcome: { digest, head: settlement.head, settler: m.settler.address } };
    });
    expect(pay.size).to.equal(2);
  };
  const overturned = async () => {
    const scene = await stageLie(m, windowS, await terms());
    await challenge(m, scene);
    await judge(m, scene, truth(scene.request));
    await expectNotCredited(m, scene);
    await expect(conclude(m, scene)).to.emit(m.escrow, "Refunded");
    await punish(scene, 0, scene.outcome.digest);
    await expectNotCredited(m, scene);
  };
  /** Overturned after it was paid: what was paid stays paid. */
  const revoked = async () => {
    const { scene } = await pays(async () => stageLie(m, 0n, await terms()));
    await challenge(m, scene);
    await judge(m, scene, truth(scene.request));
    await expect(conclude(m, scene)).to.emit(m.disputes, "DisputeConcluded");
    await punish(scene, 1, scene.outcome.digest);
  };
  const fromJail = { jailed, released, releasedFirst };
  return { settled, bundle, absent, ...fromJail, conflicted, revealedOnChain, upheld, overturned, revoked };
}
