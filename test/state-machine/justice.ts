/** What follows a request: proofs of contradictions, a dispute judged by a panel, punishments, no-shows. */
import type { Hex } from "viem";
import { decodeCase } from "../../keepers/watchtower/case.ts";
import { disputesCall, evidenceOf } from "../../keepers/watchtower/submit.ts";
import type { AttestationMessage } from "../../keepers/network/messages.ts";
import type { Store } from "../../keepers/runtime/store.ts";
import { convene, panelOf } from "../helpers/disputes.ts";
import { noSignal } from "./deeds.ts";
import { type Keeper, makeKeeper, openStore } from "./keeper.ts";
import { honestOf, type Play, stateOf } from "./machine.ts";
import { type Scene, truth } from "./scene.ts";
import { nodeOf } from "./world.ts";

/** How far a panel is let go on, seconds between two looks. */
const lookEveryS = 30;
const endings = { decided: 1 } as const;

/** An honest member that asks the others for what they hold, and proves and drives whatever follows from it. */
const guardOf = (play: Play): Keeper => {
  const [guard] = honestOf(play);
  if (guard === undefined) throw new Error("Nobody is honest.");
  return guard.keeper;
};

const watch = async ({ world }: Scene, guard: Keeper): Promise<void> => {
  await world.view.sync();
  await guard.watchtower(noSignal);
  await guard.resend();
  await world.activity.rest();
  await world.view.sync();
};

/** Reports contradictions that the guard holds or is told of, and what expired. */
const report = async (play: Play, guard: Keeper): Promise<void> => {
  const { scene } = play;
  await watch(scene, guard);
  await watch(scene, guard); // the first asks, the second proves what came
  if ((await stateOf(scene)) !== "open") return;
  await scene.world.chain.goTo(Number(scene.timeline.expireAtS + 1n) * 1_000);
  await guard.janitor(noSignal);
};

/** What a member that can still be punished said against the result that was settled. */
const dissentIn = async (
  { world, request }: Scene,
  guard: Keeper,
  digest: Hex,
): Promise<AttestationMessage | undefined> => {
  const { attestations } = await guard.held.read(request.requestId, 0n);
  const punished = await world.view.punished(request.requestId);
  return attestations.find((one) => one.digest !== digest && punished.get(one.nodeId) !== "all");
};

/** The guard disputes on a member's dissent. False where nobody dissented. */
const openDispute = async (scene: Scene, guard: Keeper): Promise<boolean> => {
  const { world, request, members } = scene;
  const settled = await world.view.request(request.requestId);
  const { digest, head, transactionHash } = settled?.outcome ?? {};
  if (digest === undefined || head === undefined || transactionHash === undefined) return false;
  const dissent = await dissentIn(scene, guard, digest);
  if (dissent === undefined) return false;
  const { from } = await world.market.world.chain.getTransaction({ hash: transactionHash });
  const evidence = evidenceOf(dissent, BigInt(members.indexOf(dissent.nodeId)));
  const outcome = { digest, head, settler: from };
  const data = disputesCall({ functionName: "openByDissent", args: [request.words, outcome, evidence] });
  const sent = await world.chain.send(nodeOf(world, guard.nodeId).signer.address, world.instance.disputes, data);
  if ("refused" in sent) throw new Error(`the dispute was refused: ${sent.refused}`);
  await world.view.sync();
  return true;
};

/** The jurors of the first panel. They share a store, like the nodes of one operator: their messages need no network. */
const openJurors = async ({ world, request }: Scene, store: Store): Promise<readonly Keeper[]> => {
  const { market, chain, view } = world;
  await convene(market, request, 1);
  chain.clock.set((await market.networkHelpers.time.latest()) * 1_000);
  await view.sync();
  const jurors = await panelOf(market, request, 1);
  return jurors.map(({ nodeId }) => makeKeeper(world, store, nodeId, truth));
};

const isDecided = async ({ world, request }: Scene): Promise<boolean> =>
  decodeCase(await world.market.disputes.caseOf(request.requestId))?.first.isDecided === true;

/** The jurors execute, agree off chain and show their decision. */
const judge = async (scene: Scene, jurors: readonly Keeper[]): Promise<void> => {
  const { chain, activity, view } = scene.world;
  for (let looks = 0; looks < 20 && !(await isDecided(scene)); looks++) {
    for (const { member } of jurors) await member(noSignal);
    await activity.rest();
    for (const { juror } of jurors) {
      await juror(noSignal);
      if (await isDecided(scene)) break;
    }
    await chain.goTo(chain.clock.now() + lookEveryS * 1_000);
    await view.sync();
  }
};

/** The guard carries the verdict out and closes the dispute. Returns how it ended. */
const carryOut = async ({ scene }: Play, guard: Keeper): Promise<"decided" | "undecided"> => {
  const { world, request } = scene;
  const { disputes } = world.market;
  const { finalAt } = await disputes.verdictOf(request.words);
  const { punishWindow } = world.market.world.parameters.disputeParameters;
  await world.chain.goTo((Number(finalAt) + 1) * 1_000);
  await watch(scene, guard);
  const { ending } = await disputes.verdictOf(request.words);
  await world.chain.goTo((Number(finalAt) + punishWindow + 1) * 1_000);
  await watch(scene, guard);
  return Number(ending) === endings.decided ? "decided" : "undecided";
};

/** How a request went on after its end. */
export type Sequel = { readonly dispute: "none" | "decided" | "undecided" };

/** Does whatever honest nodes can do about the faulty. */
export const pursue = async (play: Play): Promise<Sequel> => {
  const { scene } = play;
  const guard = guardOf(play);
  await report(play, guard);
  await guard.janitor(noSignal);
  if (!(await openDispute(scene, guard))) return { dispute: "none" };
  const store = await openStore(scene.world);
  const jurors = await openJurors(scene, store);
  await judge(scene, jurors);
  const dispute = await carryOut(play, guard);
  for (const { stop } of jurors) await stop();
  await store.close();
  return { dispute };
};

/** Ends the keepers of a play. */
export const closePlay = async ({ parts, scene }: Play): Promise<void> => {
  for (const { close } of parts) await close();
  await scene.world.close();
};
