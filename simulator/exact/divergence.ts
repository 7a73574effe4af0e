import type { Rules } from "../rules/rules.ts";
import { money, pays, payUnits } from "../world/setting.ts";

export type DivergenceInput = {
  readonly rules: Rules;
  readonly k: number;
  readonly workCost: number;
  readonly stakePays: number;
  /** Probability that an execution gives another result than all others. */
  readonly divergence: number;
};

/** What divergence does to a pool in which all are honest; to first order in its probability, per committee seat. */
export type DivergenceCost = { readonly slashes: number; readonly profit: number };

/**
 * A dispute starts when one of k diverges. Its panel diverges as much, so a dispute costs more stakes than the first. The
 * honest get back their jurors' pay and the shares of challenger and honest members.
 */
export function divergenceCost({ rules, k, workCost, stakePays, divergence }: DivergenceInput): DivergenceCost {
  const jurors = rules.panelSeats(k, 1);
  const disputes = 1 - (1 - divergence) ** k;
  const losers = k * divergence + disputes * jurors * divergence;
  const slash = rules.fraudSlash(money(stakePays));
  const due = { slash, jurorsDue: BigInt(jurors) * payUnits, pay: payUnits };
  const { challenger, honest } = rules.distributeSlash({ ...due, hasChallenger: true, hasHonestMembers: true });
  const duty = jurors * (1 - divergence - workCost) + pays(challenger) + pays(honest);
  const total = k * (1 - divergence - workCost) + disputes * duty - losers * pays(slash);
  return { slashes: losers / k, profit: total / k };
}
