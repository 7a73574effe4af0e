import { makeColluding } from "../strategies/colluding.ts";
import { copying, siblings } from "../strategies/copying.ts";
import { alwaysSilent, blockingSilence, dissenting, silentJuror } from "../strategies/griefing.ts";
import { makeHonest } from "../strategies/honest.ts";
import { makeLazy } from "../strategies/lazy.ts";
import { makeOffline } from "../strategies/offline.ts";
import type { Strategy } from "../strategies/strategy.ts";
import { scaled } from "../statistics/estimate.ts";
import { fixedCamps } from "../world/camps.ts";
import { type Campaign, runCampaign } from "../world/campaign.ts";
import { makeWorld } from "../world/request.ts";
import { type Setting, settingOf } from "../world/setting.ts";
import { divergingProfit, honestProfit, lazyProfit } from "../exact/profit.ts";
import { percent } from "./format.ts";
import type { Cell, Effort, FigureMaker } from "./figure.ts";

/** A strategy in a pool of 300, and what is special about its world. */
export type ProfitCase = {
  readonly name: string;
  readonly adversary: Strategy;
  /** Its profit by closed form where it is one of few among honest nodes. */
  readonly alone?: number;
  readonly setting?: Partial<Setting>;
};

const third = { share: 1 / 3 };
const economics = { workCost: 1 / 1.2, stakePays: 100 };

/** Each strategy at a tenth of the pool, and where numbers matter at a third. */
export const profitCases: readonly ProfitCase[] = [
  { name: "honest", adversary: makeHonest(), alone: honestProfit(economics) },
  { name: "lazy, guess never right", adversary: makeLazy({ rightGuess: 0 }), alone: lazyProfit(economics, 0) },
  { name: "lazy, guess right 90%", adversary: makeLazy({ rightGuess: 0.9 }), alone: lazyProfit(economics, 0.9) },
  { name: "lazy, guess right 99.9%", adversary: makeLazy({ rightGuess: 0.999 }), alone: lazyProfit(economics, 0.999) },
  { name: "lazy, all guess alike", adversary: makeLazy() },
  { name: "lazy, all guess alike", adversary: makeLazy(), setting: third },
  { name: "lazy, alike, honest jurors", adversary: makeLazy({ isDiligentJuror: true }), setting: third },
  { name: "lazy alone in the pool, own guesses", adversary: makeLazy({ rightGuess: 0 }), setting: { share: 1 } },
  { name: "lazy alone in the pool, alike", adversary: makeLazy(), setting: { share: 1 } },
  { name: "copying", adversary: copying, alone: 0 },
  { name: "siblings computing once", adversary: siblings },
  { name: "siblings computing once", adversary: siblings, setting: third },
  { name: "colluding with a quorum", adversary: makeColluding({ attacksWith: "quorum" }), setting: third },
  {
    name: "colluding, no window",
    adversary: makeColluding({ attacksWith: "quorum" }),
    setting: { ...third, lane: "instant" },
  },
  { name: "colluding at any seat", adversary: makeColluding({ attacksWith: "anySeat" }), setting: third },
  { name: "silent where it blocks", adversary: blockingSilence, setting: third },
  { name: "always silent", adversary: alwaysSilent },
  { name: "always silent, 5% on chain", adversary: alwaysSilent, setting: { fallbackShare: 0.05 } },
  { name: "silent jurors where it blocks", adversary: silentJuror, setting: { ...third, honest: makeHonest(0.002) } },
  { name: "dissenting to disturb", adversary: dissenting, alone: lazyProfit(economics, 0) },
  { name: "offline 5%", adversary: makeOffline(0.05), alone: 0.95 * honestProfit(economics) },
  { name: "diverging 0.5%", adversary: makeHonest(0.005), alone: divergingProfit(economics, 0.005) },
  { name: "diverging 1%", adversary: makeHonest(0.01), alone: divergingProfit(economics, 0.01) },
];

/** Runs the world of a case. */
export function runCase({ adversary, setting = {} }: ProfitCase, { seed, requests }: Effort): Campaign {
  const full = settingOf({ honest: makeHonest(), adversary, ...setting });
  const marked = Math.round(full.share * full.poolNodes);
  return runCampaign(makeWorld(full, fixedCamps({ marked })), seed, requests);
}

function rowOf(one: ProfitCase, effort: Effort): Cell[] {
  const { profitPerSeat, wrong, refunded, disputed, falseSlashes, meanReputation } = runCase(one, effort);
  const share = one.setting?.share ?? 0.1;
  const perStake = scaled(profitPerSeat.adversary, 1_000 / economics.stakePays); // percent of the stake per 10 seats
  const cells = [profitPerSeat.adversary, profitPerSeat.honest, perStake, wrong, refunded, disputed, falseSlashes];
  return [one.name, percent(share), one.alone, ...cells, Math.round(meanReputation.adversary)];
}

export const profitsFigure: FigureMaker = {
  name: "profits",
  make: (effort) => ({
    ...{ name: "profits", title: "Profit per strategy", plots: [] },
    notes: [
      "A pool of 300 nodes, k = 10, quorum 7, challenge window, stake of 100 pays, pay = cost of work + 20%, watchers: none.",
      "Profit in pays per committee seat, jury duty included; alone: closed form for one such node among honest ones. Per",
      "stake: percent of the stake per ten seats. False slashes: honest nodes that lost their stake, per honest seat.",
      "Reputation: mean of the strategy's nodes at the end (0..65535). ± 0: every request gave the same.",
    ],
    head: [
      "strategy",
      "share",
      "alone",
      "profit",
      "others",
      "per stake",
      "wrong",
      "refunded",
      "disputed",
      "false slashes",
      "reputation",
    ],
    rows: profitCases.map((one) => rowOf(one, effort)),
  }),
};
