import { binomialMeanFrom, binomialTail } from "../exact/binomial.ts";
import { honestProfit } from "../exact/profit.ts";
import { type Plot, pointOf, type Series } from "../plots/plot.ts";
import { defaultQuorum } from "../rules/agreement.ts";
import { makeRatio } from "../statistics/ratio.ts";
import { alwaysSilent, blockingSilence } from "../strategies/griefing.ts";
import { makeHonest } from "../strategies/honest.ts";
import { tiltedCamps } from "../world/camps.ts";
import { runCampaign } from "../world/campaign.ts";
import { makeWorld } from "../world/request.ts";
import { pays, settingOf } from "../world/setting.ts";
import type { Cell, Effort, FigureMaker } from "./figure.ts";
import { percent } from "./format.ts";

const shares = [0.1, 0.2, 0.33];
const sizes = [5, 10, 21];
const economics = { workCost: 1 / 1.2 };

export type GriefingCase = { readonly share: number; readonly k: number; readonly isAlways?: boolean };

/** Silent members that keep a committee of k from its quorum. */
function blockers(k: number): number {
  return k - defaultQuorum(k) + 1;
}

/** How often silence blocks a request, and what the silent forgo for each one blocked, in pays. */
export function exactGriefing({ share, k, isAlways = false }: GriefingCase) {
  const blocked = binomialTail(k, blockers(k), share);
  const seats = isAlways ? (k * share) / blocked : binomialMeanFrom(k, blockers(k), share);
  return { blocked, cost: seats * honestProfit(economics) };
}

/** The same by simulation. `waste`: unpaid work of the others for each request blocked, over that cost. */
export function simulateGriefing({ share, k, isAlways = false }: GriefingCase, { seed, requests }: Effort) {
  const adversary = isAlways ? alwaysSilent : blockingSilence;
  const setting = settingOf({ honest: makeHonest(), adversary, share, k });
  const [cost, waste] = [makeRatio(), makeRatio()];
  const drawnShares = [() => share, () => Math.max(share, blockers(k) / k)];
  const world = makeWorld(setting, tiltedCamps({ share, drawnShares }));
  const campaign = runCampaign(world, seed + k, requests, ({ weight, delivered, seats, books }) => {
    const forgone = seats.adversary * honestProfit(economics) - pays(books.balanceOf("adversary"));
    const isBlocked = delivered === undefined;
    cost.add(weight * forgone, isBlocked ? weight : 0);
    waste.add(isBlocked ? -weight * pays(books.balanceOf("honest")) : 0, weight * forgone);
  });
  return { blocked: campaign.refunded, cost: cost.estimate(), waste: waste.estimate() };
}

export const griefingFigure: FigureMaker = {
  name: "griefing",
  make: (effort) => {
    const cases = sizes.flatMap((k) => shares.map((share) => ({ share, k })));
    const found = cases.map((one) => ({ ...one, ...simulateGriefing(one, effort) }));
    const row = (one: GriefingCase): Cell[] => {
      const exact = exactGriefing(one);
      const { blocked, cost, waste } = simulateGriefing(one, effort);
      const name = one.isAlways === true ? "always" : "where it blocks";
      return [name, String(one.k), percent(one.share), exact.blocked, blocked, exact.cost, cost, waste];
    };
    return {
      ...{ name: "griefing", title: "Requests blocked by silence, and what each costs the silent" },
      notes: [
        "Cost: what the silent forgo for each request blocked, in pays; pay = cost of work + 20%. No stake is at risk: without a",
        "quorum that reveals, nobody is a proven no-show, and a refund moves no reputation. Waste: unpaid work of the others,",
        "over that cost.",
      ],
      head: ["silent", "k", "share", "blocked", "blocked, simulated", "cost", "cost, simulated", "waste / cost"],
      rows: [...cases.map(row), ...shares.map((share) => row({ share, k: 10, isAlways: true }))],
      plots: [blockedPlot(found)],
    };
  },
};

type Found = GriefingCase & ReturnType<typeof simulateGriefing>;

function blockedPlot(found: readonly Found[]): Plot {
  const grid = Array.from({ length: 49 }, (_, i) => 0.01 + 0.01 * i);
  const curve = (k: number): Series => ({
    ...{ name: `k = ${k}, ${blockers(k)} silent`, style: "line" },
    points: grid.map((share) => ({ x: share, y: exactGriefing({ share, k }).blocked })),
  });
  return {
    ...{ name: "blocked", title: "Requests that silence can block (default quorum)" },
    x: { label: "adversary's share of the pool", scale: "linear", unit: "percent", from: 0, to: 0.5 },
    y: { label: "probability per request", scale: "log", from: 1e-5, to: 1 },
    series: [
      ...sizes.map(curve),
      { name: "simulated", style: "dots", points: found.map(({ share, blocked }) => pointOf(share, blocked)) },
    ],
  };
}
