import { divergenceCost } from "../exact/divergence.ts";
import { breakEvenDivergence, divergingProfit } from "../exact/profit.ts";
import { type Plot, pointOf } from "../plots/plot.ts";
import { makeHonest } from "../strategies/honest.ts";
import { fixedCamps } from "../world/camps.ts";
import { runCampaign } from "../world/campaign.ts";
import { makeWorld } from "../world/request.ts";
import { settingOf } from "../world/setting.ts";
import type { Effort, FigureMaker } from "./figure.ts";
import { percent } from "./format.ts";

const divergences = [0.0001, 0.0005, 0.001, 0.00165, 0.003, 0.005, 0.01];
const effortFactor = 4;

/** A pool in which every node is honest and diverges with a probability. */
export function simulateDivergence(divergence: number, { seed, requests }: Effort) {
  const honest = makeHonest(divergence);
  const world = makeWorld(settingOf({ honest, adversary: honest, share: 0 }), fixedCamps({ marked: 0 }));
  const { profitPerSeat, falseSlashes } = runCampaign(world, seed, requests * effortFactor);
  return { profit: profitPerSeat.honest, slashes: falseSlashes };
}

const exactFor = (divergence: number) =>
  divergenceCost({ ...settingOf({ honest: makeHonest(), adversary: makeHonest() }), divergence });

const economics = { workCost: 1 / 1.2, stakePays: 100 };

export const divergenceFigure: FigureMaker = {
  name: "divergence",
  make: (effort) => {
    const found = divergences.map((divergence) => ({ divergence, ...simulateDivergence(divergence, effort) }));
    return {
      ...{ name: "divergence", title: "Honest nodes whose results sometimes differ" },
      notes: [
        "Divergence: probability that an honest execution gives a result of its own. k = 10, stake of 100 pays, pay = cost + 20%.",
        "One: a diverging node among exact ones. All: every node diverges so often, jurors too; closed forms to first order.",
      ],
      head: [
        "divergence",
        "one: profit",
        "all: profit",
        "all: profit, simulated",
        "all: slashes per seat",
        "simulated",
      ],
      rows: found.map(({ divergence, profit, slashes }) => {
        const exact = exactFor(divergence);
        return [
          percent(divergence),
          divergingProfit(economics, divergence),
          exact.profit,
          profit,
          exact.slashes,
          slashes,
        ];
      }),
      plots: [divergencePlot(found)],
    };
  },
};

const markups = [0.05, 0.1, 0.2, 0.5, 1];
const stakes = [30, 100, 300];

export const toleranceFigure: FigureMaker = {
  name: "tolerance",
  make: () => ({
    ...{ name: "tolerance", title: "Divergence at which an honest node earns nothing", plots: [] },
    notes: [
      "Closed form: (pay - cost) / (pay + stake), by what the pay has over the cost of the work and by stake in pays.",
    ],
    head: ["pay over cost", ...stakes.map((stake) => `stake ${stake}`)],
    rows: markups.map((markup) => [
      percent(markup),
      ...stakes.map((stakePays) => percent(breakEvenDivergence({ workCost: 1 / (1 + markup), stakePays }))),
    ]),
  }),
};

type Found = { readonly divergence: number } & ReturnType<typeof simulateDivergence>;

function divergencePlot(found: readonly Found[]): Plot {
  const grid = Array.from({ length: 25 }, (_, i) => 10 ** (-4 + i / 12));
  return {
    ...{ name: "divergence", title: "What honest divergence costs (k = 10, stake 100 pays, pay = cost + 20%)" },
    x: { label: "probability that an honest result differs", scale: "log", unit: "percent", from: 1e-4, to: 1e-2 },
    y: { label: "profit per seat, in pays", scale: "linear" },
    series: [
      { name: "one diverging node", style: "line", points: grid.map((x) => ({ x, y: divergingProfit(economics, x) })) },
      { name: "all diverge", style: "line", points: grid.map((x) => ({ x, y: exactFor(x).profit })) },
      { name: "nothing earned", style: "line", points: [1e-4, 1e-2].map((x) => ({ x, y: 0 })) },
      {
        ...{ name: "all, simulated", style: "dots" as const },
        points: found.map(({ divergence, profit }) => pointOf(divergence, profit)),
      },
    ],
  };
}
