/** Plays one request from its round to its end: everybody acts at every moment, in an order of chance. */
import { seededRandom } from "../keepers/executors/fixtures.ts";
import { type Fault, type Manner, noSignal, type Part } from "./deeds.ts";
import { playFaulty, playHonest } from "./faults.ts";
import type { Scene } from "./scene.ts";
import type { Link } from "./wire.ts";

/**
 * What the network does to honest members. `calm`: it delivers all. `torn`: their commits arrive, but their attestations
 * reach faulty members only, and what they ask for is not answered. `cut`: nothing that they say arrives, and what they
 * ask for is not answered. What faulty members say always arrives.
 */
export const weathers = ["calm", "torn", "cut"] as const;
export type Weather = (typeof weathers)[number];

export type Play = { readonly scene: Scene; readonly parts: readonly Part[]; readonly random: () => number };
export type Mix = { readonly faults: readonly Fault[]; readonly style: 0 | 1; readonly seed: number };

const seconds = (...all: readonly number[]): readonly number[] => all.map((s) => s * 1_000);
/** After the round's time: executions and commits. */
const early = seconds(1, 2, 10, 29);
/** After the end of commits: the union, first and second roots, and settlement turns. */
const exchange = seconds(0, 0.6, 1.2, 1.8, 3, 4, 8, 13.1, 14, 18, 30, 42, 54);
/** After the start of the first phase on chain, of the second, and after the deadline: commits, reveals, settlement turns. */
const chainPhase = seconds(0, 15, 40);
const settleEveryMs = 12_000;

/** Gives each fault a seat by chance; everybody else is honest. */
export const cast = async (scene: Scene, { faults, style, seed }: Mix): Promise<Play> => {
  const random = seededRandom(seed + 1);
  const seats = shuffled(scene.members, random);
  const parts: Part[] = [];
  for (const [i, nodeId] of seats.entries()) {
    const fault = faults[i];
    const index = faults.slice(0, i).filter((one) => one === fault).length;
    const manner: Manner = { style, index };
    parts.push(fault === undefined ? await playHonest(scene, nodeId) : await playFaulty(scene, nodeId, fault, manner));
  }
  return { scene, parts, random };
};

/** The honest among the members. */
export const honestOf = ({ parts }: Play): readonly Part[] => parts.filter(({ fault }) => fault === undefined);

function shuffled<T>(all: readonly T[], random: () => number): readonly T[] {
  return all
    .map((one) => [random(), one] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, one]) => one);
}

const linkOf = (play: Play, weather: Weather): Link => {
  const honest = new Set(honestOf(play).map(({ nodeId }) => nodeId));
  return (speaker, hearer, kind) => {
    if (weather === "calm") return true;
    if (kind === "held" && honest.has(hearer)) return false;
    if (!honest.has(speaker)) return true;
    return weather === "torn" && !(kind === "attestation" && honest.has(hearer));
  };
};

/** What the chain says of the request. */
export const stateOf = async ({ world, request }: Scene) => {
  await world.view.sync();
  return (await world.view.request(request.requestId))?.state ?? "open";
};

const act = async (play: Play, deed: "offChain" | "onChain"): Promise<void> => {
  const { activity } = play.scene.world;
  for (const part of shuffled(play.parts, play.random)) await part[deed]();
  await activity.rest();
};

const settle = async (play: Play): Promise<boolean> => {
  for (const { keeper } of shuffled(honestOf(play), play.random)) await keeper.settler(noSignal);
  await play.scene.world.activity.rest();
  return (await stateOf(play.scene)) !== "open";
};

/** All that is said off chain, and settlement by attestations. */
const playOffChain = async (play: Play): Promise<void> => {
  const { world, times } = play.scene;
  const moments = [...early.map((ms) => times.startMs + ms), ...exchange.map((ms) => times.commitEndMs + ms)];
  for (const ms of moments) {
    await world.chain.goTo(ms);
    await act(play, "offChain");
    for (const part of play.parts) if (part.fault !== undefined) await part.offChain(); // what follows from what was just said
    await world.activity.rest();
    if (await settle(play)) return;
  }
};

/** Both phases on chain, and settlement by whatever is there until the request can expire. */
const playOnChain = async (play: Play): Promise<void> => {
  const { world, timeline } = play.scene;
  for (const startS of [timeline.fallbackAtS, timeline.chainCommitEndS + 1n]) {
    for (const ms of chainPhase) {
      await world.chain.goTo(Number(startS) * 1_000 + ms);
      await act(play, "onChain");
      if (await settle(play)) return;
    }
  }
  const untilMs = Number(timeline.deadlineS + BigInt(play.scene.members.length + 2) * 12n) * 1_000;
  for (let ms = Number(timeline.deadlineS + 1n) * 1_000; ms < untilMs; ms += settleEveryMs) {
    await world.chain.goTo(ms);
    await act(play, "onChain");
    if ((await stateOf(play.scene)) !== "open") return;
  }
};

/** Plays until the request is settled, or nobody can settle it any more. The network is whole again afterwards. */
export const playMix = async (play: Play, weather: Weather): Promise<void> => {
  const { world } = play.scene;
  world.wire.setLink(linkOf(play, weather));
  await playOffChain(play);
  if ((await stateOf(play.scene)) === "open") await playOnChain(play);
  world.wire.setLink(() => true);
};
