import { divergingProfit, honestProfit, lazyProfit } from "../exact/profit.ts";
import { type Plot, pointOf } from "../plots/plot.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { makeHonest } from "../strategies/honest.ts";
import { makeLazy } from "../strategies/lazy.ts";
import type { Strategy } from "../strategies/strategy.ts";
import { placedCamps } from "../world/camps.ts";
import { runCampaign } from "../world/campaign.ts";
import { makeWorld } from "../world/request.ts";
import { settingOf } from "../world/setting.ts";
import type { Effort, FigureMaker } from "./figure.ts";

const stakes = [3, 10, 30, 100, 300, 1_000];
const workCost = 1 / 1.2;

type StakeCase = { readonly name: string; readonly adversary: Strategy; readonly exact: (stakePays: number) => number };

const cases: readonly StakeCase[] = [
  ...[0.5, 0.9, 0.98].map((rightGuess) => ({
    name: `lazy, right ${rightGuess * 100}%`,
    adversary: makeLazy({ rightGuess }),
    exact: (stakePays: number) => lazyProfit({ stakePays }, rightGuess),
  })),
  {
    ...{ name: "diverging 1%", adversary: makeHonest(0.01) },
    exact: (stakePays) => divergingProfit({ workCost, stakePays }, 0.01),
  },
];

/** Profit per seat of one deviating node among honest ones, in pays, under a stake. */
export function simulateLone(adversary: Strategy, stakePays: number, { seed, requests }: Effort): Estimate {
  const setting = settingOf({ honest: makeHonest(), adversary, stakePays, workCost });
  const camps = placedCamps({ k: setting.k, seats: "one" });
  return runCampaign(makeWorld(setting, camps), seed + stakePays, requests).profitPerSeat.adversary;
}

type Found = { readonly stakePays: number; readonly profits: readonly Estimate[] };

export const stakeFigure: FigureMaker = {
  name: "stake",
  make: (effort) => {
    const found = stakes.map((stakePays) => ({
      stakePays,
      profits: cases.map(({ adversary }) => simulateLone(adversary, stakePays, effort)),
    }));
    return {
      ...{ name: "stake", title: "Profit by stake" },
      notes: [
        "One deviating node among honest ones, k = 10, pay = cost of work + 20%; profit per seat in pays by stake in pays.",
        `An honest node earns ${honestProfit({ workCost }).toFixed(3)}. After each closed form the simulated figure.`,
      ],
      head: ["stake", ...cases.flatMap(({ name }) => [name, "simulated"])],
      rows: found.map(({ stakePays, profits }) => [
        String(stakePays),
        ...cases.flatMap(({ exact }, index) => [exact(stakePays), profits[index]]),
      ]),
      plots: [stakePlot(found)],
    };
  },
};

function stakePlot(found: readonly Found[]): Plot {
  const grid = Array.from({ length: 26 }, (_, i) => 10 ** (0.5 + i / 10));
  const line = (name: string, profit: (stakePays: number) => number) =>
    ({ name, style: "line", points: grid.map((x) => ({ x, y: Math.max(-2, profit(x)) })) }) as const;
  const dots = found.flatMap(({ stakePays, profits }) => profits.map((profit) => pointOf(stakePays, profit)));
  return {
    ...{ name: "stake", title: "Profit per seat by stake (k = 10, pay = cost + 20%)" },
    x: { label: "stake per node, in pays", scale: "log", from: 1, to: 1000 },
    y: { label: "profit per seat, in pays", scale: "linear", from: -2, to: 1 },
    series: [
      ...cases.map(({ name, exact }) => line(name, exact)),
      line("honest", () => honestProfit({ workCost })),
      { name: "simulated", style: "dots", points: dots.filter(({ y }) => y > -2).map((dot) => ({ ...dot, error: 0 })) },
    ],
  };
}
