import { reputationMissed, reputationRewarded } from "../../sdk/money/reputation.ts";
import { truth } from "../rules/digest.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { makeMean } from "../statistics/mean.ts";
import { makeRatio } from "../statistics/ratio.ts";
import type { Party } from "./books.ts";
import type { Camp } from "./camps.ts";
import { type RequestResult, runRequest, type World } from "./request.ts";
import { pays } from "./setting.ts";

/** What many requests of one world came to. Money in pays. */
export type Campaign = {
  readonly requests: number;
  /** Per seat in the committee, jury duty included. NaN for a camp without seats. */
  readonly profitPerSeat: Readonly<Record<Camp, Estimate>>;
  /** Net of a party per request. */
  readonly netPerRequest: (party: Party) => Estimate;
  /** Part of the requests that delivered a wrong digest, that were refunded, and that were disputed. */
  readonly wrong: Estimate;
  readonly refunded: Estimate;
  readonly disputed: Estimate;
  readonly noFault: Estimate;
  /** Nodes that had computed and lost their stake, of the honest camp, per seat it had in committees. */
  readonly falseSlashes: Estimate;
  /** Only meaningful where camps are fixed: at the end, of the nodes of each camp. */
  readonly meanReputation: Readonly<Record<Camp, number>>;
};

type Collected = ReturnType<typeof makeCollectors>;

/** Runs requests 0 .. requests - 1 of a seed and shows each result. The same seed and world give the same campaign. */
export function runCampaign(
  world: World,
  seed: number,
  requests: number,
  observe: (result: RequestResult) => void = () => undefined,
): Campaign {
  const collected = makeCollectors();
  const reputations = new Map<bigint, bigint>();
  for (let index = 0; index < requests; index++) {
    const result = runRequest(world, seed, index);
    collect(collected, result);
    score(reputations, result);
    observe(result);
  }
  return campaignOf(collected, requests, meanReputations(world, reputations));
}

const booked: readonly Party[] = ["honest", "adversary", "requester", "outsider", "settler", "treasury", "work"];

function makeCollectors() {
  const nets = Object.fromEntries(booked.map((party) => [party, makeMean()]));
  return {
    ...{ honest: makeRatio(), adversary: makeRatio(), falseSlashes: makeRatio(), nets },
    ...{ wrong: makeMean(), refunded: makeMean(), disputed: makeMean(), noFault: makeMean() },
  };
}

function collect(to: Collected, { weight, delivered, ruling, seats, slashed, books }: RequestResult): void {
  const count = (holds: boolean): number => (holds ? weight : 0);
  to.honest.add(weight * pays(books.balanceOf("honest")), weight * seats.honest);
  to.adversary.add(weight * pays(books.balanceOf("adversary")), weight * seats.adversary);
  const innocents = slashed.filter(({ camp, hadComputed }) => camp === "honest" && hadComputed).length;
  to.falseSlashes.add(weight * innocents, weight * seats.honest);
  for (const party of booked) to.nets[party]?.add(weight * pays(books.balanceOf(party)));
  to.wrong.add(count(delivered !== undefined && delivered !== truth));
  to.refunded.add(count(delivered === undefined));
  to.disputed.add(count(ruling !== "undisputed"));
  to.noFault.add(count(ruling === "noFault"));
}

/** Moves reputations as settlement and disputes do, by the sdk's functions. A node that lost all comes back as a new one. */
function score(reputations: Map<bigint, bigint>, { paid, missed, slashed }: RequestResult): void {
  const change = (id: bigint, by: (reputation: bigint) => bigint) => reputations.set(id, by(reputations.get(id) ?? 0n));
  for (const id of paid) change(id, reputationRewarded);
  for (const id of missed) change(id, reputationMissed);
  for (const { nodeId } of slashed) reputations.set(nodeId, 0n);
}

function meanReputations({ setting, entries }: World, reputations: ReadonlyMap<bigint, bigint>): Record<Camp, number> {
  const marked = Math.round(setting.share * setting.poolNodes);
  const mean = (ids: readonly bigint[]) =>
    ids.reduce((sum, id) => sum + Number(reputations.get(id) ?? 0n), 0) / Math.max(1, ids.length);
  const ids = entries.map(({ nodeId }) => nodeId);
  return { adversary: mean(ids.slice(0, marked)), honest: mean(ids.slice(marked)) };
}

function campaignOf(collected: Collected, requests: number, meanReputation: Record<Camp, number>): Campaign {
  const { honest, adversary, falseSlashes, nets, wrong, refunded, disputed, noFault } = collected;
  const netPerRequest = (party: Party): Estimate => {
    const net = nets[party];
    if (net === undefined) throw new RangeError(`No books are kept for ${party}.`);
    return net.estimate();
  };
  return {
    ...{ requests, netPerRequest, meanReputation, falseSlashes: falseSlashes.estimate() },
    profitPerSeat: { honest: honest.estimate(), adversary: adversary.estimate() },
    ...{ wrong: wrong.estimate(), refunded: refunded.estimate() },
    ...{ disputed: disputed.estimate(), noFault: noFault.estimate() },
  };
}
