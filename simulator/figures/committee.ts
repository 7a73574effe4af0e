import { binomialTail } from "../exact/binomial.ts";
import { truth, type Vote } from "../rules/digest.ts";
import { agreementOf, defaultQuorum } from "../rules/agreement.ts";
import { defaultPanelMin, panelThreshold } from "../rules/panel.ts";
import { verdictOf } from "../rules/verdict.ts";
import { makeRandom } from "../random.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { makeMean } from "../statistics/mean.ts";
import { plotted } from "../strategies/strategy.ts";
import { type Camp, tiltedCamps } from "../world/camps.ts";
import { drawnSeating, requestIdOf } from "../world/seating.ts";
import type { Effort, FigureMaker } from "./figure.ts";

const k = 10;
const quorum = defaultQuorum(k);
const jurors = defaultPanelMin;
const shares = [0.1, 0.2, 0.33];
const poolNodes = 300;

/** A figure as the protocol's specification prints it, and one unit of its last digit. */
type Printed = readonly [value: number, unit: number];

/** An event that depends on how many seats the adversary holds, as the rules see it. */
export type CommitteeRule = {
  readonly name: string;
  readonly seats: number;
  /** The adversary's seats from which on it happens. */
  readonly from: number;
  readonly printed: readonly Printed[];
  readonly happens: (camps: readonly Camp[]) => boolean;
};

const votes = (camps: readonly Camp[], honest: Vote, adversary: Vote): Vote[] =>
  camps.map((camp) => (camp === "honest" ? honest : adversary));
const isAgreedWrong = (given: readonly Vote[], needed: number): boolean => {
  const agreement = agreementOf(given, needed);
  return agreement.kind === "agreed" && agreement.digest === plotted;
};

/** The rows of the table "Security of a committee". */
export const committeeRules: readonly CommitteeRule[] = [
  {
    ...{ name: "k=10: wrong, unanimous", seats: k, from: k },
    printed: [[1e-10, 1e-11], [1.0e-7, 1e-8], [1.5e-5, 1e-6]], // prettier-ignore
    happens: (camps) => isAgreedWrong(votes(camps, truth, plotted), quorum),
  },
  {
    ...{ name: "k=10: wrong, a quorum of 7", seats: k, from: quorum },
    printed: [[9.1e-6, 1e-7], [8.6e-4, 1e-5], [1.9e-2, 1e-3]], // prettier-ignore
    happens: (camps) => isAgreedWrong(votes(camps, undefined, plotted), quorum),
  },
  {
    ...{ name: "k=10: blocked by silence", seats: k, from: k - quorum + 1 },
    printed: [[0.013, 0.001], [0.12, 0.01], [0.43, 0.01]], // prettier-ignore
    happens: (camps) => agreementOf(votes(camps, truth, undefined), quorum).kind === "short",
  },
  {
    ...{ name: "panel of 21: wrong", seats: jurors, from: panelThreshold(jurors) },
    printed: [[3e-11, 1e-11], [5e-7, 1e-7], [3.6e-4, 1e-5]], // prettier-ignore
    happens: (camps) => verdictOf(votes(camps, truth, plotted)) === plotted,
  },
  {
    ...{ name: "panel of 21: blocked", seats: jurors, from: jurors - panelThreshold(jurors) + 1 },
    printed: [[0.003, 0.001], [0.11, 0.01], [0.57, 0.01]], // prettier-ignore
    happens: (camps) => verdictOf(votes(camps, truth, undefined)) === undefined,
  },
];

/**
 * How often a rule's event happens, by the protocol's draw and importance sampling: nodes are the adversary's more often
 * than they are, and each draw counts by its likelihood.
 */
export function simulateRule(rule: CommitteeRule, share: number, { seed, requests }: Effort): Estimate {
  const entries = Array.from({ length: poolNodes }, (_, index) => ({ nodeId: BigInt(index + 1), ask: 1n }));
  const drawnShare = Math.min(0.95, Math.max(share, rule.from / rule.seats));
  const deal = tiltedCamps({ share, drawnShares: [() => drawnShare] });
  const mean = makeMean();
  for (let index = 0; index < requests; index++) {
    const random = makeRandom(seed, index, 1_000 * (100 * rule.seats + rule.from) + Math.round(1_000 * share));
    const members = drawnSeating(entries, requestIdOf(index), random)(0, rule.seats, []);
    const sides = deal(random);
    const camps = members.map(({ nodeId }, place) => sides.seat(nodeId, 0, place));
    mean.add(rule.happens(camps) ? sides.weight() : 0);
  }
  return mean.estimate();
}

/** The closed form. */
export function exactRule({ seats, from }: CommitteeRule, share: number): number {
  return binomialTail(seats, from, share);
}

/** Whether a computed figure rounds to the printed one. */
export function isReproduced(value: number, [printed, unit]: Printed): boolean {
  return Math.abs(value - printed) <= unit / 2;
}

export const committeeFigure: FigureMaker = {
  name: "committee",
  make: (effort) => ({
    ...{ name: "committee", title: "Security of a committee", plots: [] },
    notes: [
      "Probability that the adversary, with a share of the pool's nodes, holds the seats it needs. Simulated: the sdk's draw",
      "and the rules of agreement and verdict, importance sampled. Printed: the table in the protocol's specification.",
    ],
    head: ["rule", "share", "printed", "closed form", "simulated", "reproduced"],
    rows: committeeRules.flatMap((rule) =>
      shares.map((share, index) => {
        const exact = exactRule(rule, share);
        const printed = rule.printed[index] ?? ([NaN, 0] as const);
        return [
          rule.name,
          `${share * 100}%`,
          printed[0],
          exact,
          simulateRule(rule, share, effort),
          isReproduced(exact, printed),
        ];
      }),
    ),
  }),
};
