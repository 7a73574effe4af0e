import { leastScoredPay, reputationRewarded } from "../../sdk/money/reputation.ts";
import { honestProfit } from "../exact/profit.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { makeRatio } from "../statistics/ratio.ts";
import { makeHonest } from "../strategies/honest.ts";
import { rubberStamping } from "../strategies/self-dealing.ts";
import { placedCamps, tiltedCamps } from "../world/camps.ts";
import { runCampaign } from "../world/campaign.ts";
import { makeWorld } from "../world/request.ts";
import { pays, settingOf } from "../world/setting.ts";
import type { Effort, FigureMaker } from "./figure.ts";
import { percent } from "./format.ts";

/** The highest reputation that a task may demand. */
export const highestGate = 60_000n;
const feeRate = 0.03;
const tip = 0.02;
const k = 21;
const publicShares = [0.05, 0.1, 0.33];
/** Floors of the fee of one pay, in millionths of the payment token; the first is the default of a public network. */
const floors = [1_000n, 10_000n, 100_000n, 1_000_000n];

/** Paid requests that take a new node to a reputation. */
export function stepsTo(reputation: bigint): number {
  let [steps, reached] = [0, 0n];
  for (; reached < reputation; steps++) reached = reputationRewarded(reached);
  return steps;
}

/**
 * Cost in pays of raising one node's reputation by one step with requests of one's own. In a pool of one's own: the
 * protocol fee. In a public pool with a share of it: all that goes to others, over the own seats.
 */
export function exactStep(share: number): number {
  if (share === 1) return feeRate;
  const own = k * share;
  return (k * (1 + feeRate) + tip - own * honestProfit({ workCost: 1 / 1.2 })) / own;
}

/** The same by simulation. In one's own pool nobody computes, and the tip comes back to the settling node. */
export function simulateStep(share: number, { seed, requests }: Effort): Estimate {
  const isOwn = share === 1;
  const adversary = isOwn ? rubberStamping : makeHonest();
  const setting = settingOf({ honest: makeHonest(), adversary, k, share, asker: "adversary" });
  const cost = makeRatio();
  const camps = isOwn ? placedCamps({ k, seats: "all" }) : tiltedCamps({ share });
  runCampaign(makeWorld(setting, camps), seed, requests, ({ books, seats }) => {
    const net = books.balanceOf("adversary") + (isOwn ? books.balanceOf("settler") : 0n);
    cost.add(-pays(net), seats.adversary);
  });
  return cost.estimate();
}

export const farmingFigure: FigureMaker = {
  name: "farming",
  make: (effort) => {
    const steps = stepsTo(highestGate);
    const few = { ...effort, requests: Math.ceil(effort.requests / 4) };
    const leastPay = (floor: bigint) =>
      pays(leastScoredPay({ reputationFloor: floor, protocolFeeBps: 300n }, 6n) ?? 0n);
    return {
      ...{ name: "farming", title: "Reputation from requests to oneself", plots: [] },
      notes: [
        `A new node reaches ${highestGate}, the highest gate that a task may set, after ${steps} paid requests. Step: cost of one of them for`,
        "one node, in pays, k = 21. Cost of the gate: in units of the payment token for each node, at the least pay that moves",
        "reputation under a floor for the fee of one pay (0.001 is the default). Gas comes on top.",
      ],
      head: ["pool", "step", "step, simulated", ...floors.map((floor) => `gate, floor ${pays(floor)}`)],
      rows: [1, ...publicShares].map((share) => {
        const name = share === 1 ? "own task, own nodes" : `public, ${percent(share)} own nodes`;
        const exact = exactStep(share);
        return [name, exact, simulateStep(share, few), ...floors.map((floor) => steps * exact * leastPay(floor))];
      }),
    };
  },
};
