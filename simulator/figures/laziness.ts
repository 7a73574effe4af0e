import { breakEvenStake } from "../exact/profit.ts";
import { makeHonest } from "../strategies/honest.ts";
import { makeLazy } from "../strategies/lazy.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { makeRatio } from "../statistics/ratio.ts";
import { placedCamps } from "../world/camps.ts";
import { runCampaign } from "../world/campaign.ts";
import { makeWorld } from "../world/request.ts";
import { pays, settingOf } from "../world/setting.ts";
import { type Plot, pointOf } from "../plots/plot.ts";
import { leastStakePays } from "../rules/slash.ts";
import { percent } from "./format.ts";
import type { Effort, FigureMaker } from "./figure.ts";

const costs = [0.5, 1 / 1.2, 0.95];
const guesses = [0, 0.5, 0.9, 0.98, 0.99, 0.995];

/** Guesses go wrong rarely: so many times the requests of other figures. */
const effortFactor = 4;

/**
 * The stakes at which a lazy node earns what an honest one does, by cost of work, from a world without stake: (what it is
 * paid more than an honest node earns) over (how often it is convicted).
 */
export function simulateBreakEven(rightGuess: number, { seed, requests }: Effort): Estimate[] {
  const setting = settingOf({ honest: makeHonest(), adversary: makeLazy({ rightGuess }), stakePays: 0 });
  const ratios = costs.map(makeRatio);
  runCampaign(
    makeWorld(setting, placedCamps({ k: setting.k, seats: "one" })),
    seed,
    requests * effortFactor,
    ({ books, slashed }) => {
      const convictions = slashed.filter(({ camp }) => camp === "adversary").length;
      const paid = pays(books.balanceOf("adversary"));
      ratios.forEach((ratio, index) => ratio.add(paid - (1 - (costs[index] ?? 0)), convictions));
    },
  );
  return ratios.map((ratio) => ratio.estimate());
}

export const lazinessFigure: FigureMaker = {
  name: "laziness",
  make: (effort) => {
    const simulated = guesses.map((guess) => simulateBreakEven(guess, effort));
    return {
      ...{ name: "laziness", title: "Stake that makes laziness unprofitable" },
      notes: [
        "One lazy node among honest ones, k = 10. Stake in pays from which on computing earns more than guessing, by how often",
        "a guess is right and what the work costs (as a part of the pay). The protocol demands 100 pays.",
      ],
      head: ["guess right", "cost of work", "closed form", "simulated", "100 suffices"],
      rows: guesses.flatMap((guess, at) =>
        costs.map((workCost, index) => {
          const exact = breakEvenStake({ workCost }, guess);
          return [percent(guess), percent(workCost), exact, simulated[at]?.[index], exact <= Number(leastStakePays)];
        }),
      ),
      plots: [breakEvenPlot(simulated)],
    };
  },
};

function breakEvenPlot(simulated: readonly (readonly Estimate[])[]): Plot {
  const wrong = Array.from({ length: 31 }, (_, i) => 10 ** (-3 + i / 10));
  const dots = guesses.flatMap((guess, at) => (simulated[at] ?? []).map((estimate) => pointOf(1 - guess, estimate)));
  return {
    ...{ name: "laziness", title: "Stake from which laziness does not pay (k = 10)" },
    x: { label: "probability that a guess is wrong", scale: "log", from: 1e-3, to: 1 },
    y: { label: "stake per node, in pays", scale: "log", from: 0.1, to: 1000 },
    series: [
      ...costs.map((workCost) => ({
        ...{ name: `work costs ${percent(workCost)}`, style: "line" as const },
        points: wrong.map((x) => ({ x, y: breakEvenStake({ workCost }, 1 - x) })),
      })),
      { name: "demanded: 100", style: "line", points: [1e-3, 1].map((x) => ({ x, y: 100 })) },
      { name: "simulated", style: "dots", points: dots },
    ],
  };
}
