/** What follows a request: proofs of contradictions, a dispute judged by a panel, punishments, no-shows. */
import type { Store } from "../../keepers/runtime/store.ts";
import { disputeOver } from "../keepers/panel/scene.ts";
import { convene, panelOf } from "../helpers/disputes.ts";
import { noSignal } from "./deeds.ts";
import { type Keeper, makeKeeper, openStore } from "./keeper.ts";
import { honestOf, type Play, stateOf } from "./machine.ts";
import { type Scene, truth } from "./scene.ts";

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
  for (let passes = 0; passes < 3; passes++) await watch(scene, guard); // asks, proves what came, goes past what is refused
  if ((await stateOf(scene)) !== "open") return;
  await scene.world.chain.goTo(Number(scene.timeline.expireAtS + 1n) * 1_000);
  await guard.janitor(noSignal);
};

/** Whether the guard has opened a dispute over the request. */
const isDisputed = async ({ world, request }: Scene): Promise<boolean> =>
  (await world.view.openDisputes()).includes(request.requestId);

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
  (await disputeOver(world, request)).first.tally?.isDecided === true;

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
  if (!(await isDisputed(scene))) return { dispute: "none" };
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
