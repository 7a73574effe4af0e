import { defaultQuorum } from "../rules/agreement.ts";
import { protocolRules, type Rules } from "../rules/rules.ts";
import type { Strategy } from "../strategies/strategy.ts";

/** One pay in the model's money: ask times units, as an ask of 1 at exponent 6. */
export const payUnits = 1_000_000n;

/**
 * A world to ask requests in. Money in `payUnits` to a pay. `share` is the adversary's part of the pool's nodes.
 */
export type Setting = {
  readonly rules: Rules;
  /** What the nodes of the adversary's camp do; all others follow `honest`. */
  readonly adversary: Strategy;
  readonly honest: Strategy;
  readonly share: number;
  readonly poolNodes: number;
  readonly k: number;
  readonly quorum: number;
  /** Stake per node, in pays. */
  readonly stakePays: number;
  /** What computing costs, as a part of a pay. */
  readonly workCost: number;
  /** At once: whoever has a quorum settles, before others finish. Window: dissents come in time. */
  readonly lane: "instant" | "window";
  /** Probability that an outsider recomputes a result that nobody disputes, and challenges it if it is wrong. */
  readonly watched: number;
  /** Probability that a result that was not computed but guessed alike by all is right. */
  readonly guessable: number;
  /** Part of the requests that go through the on-chain fallback, where doing nothing is a proven no-show. */
  readonly fallbackShare: number;
  /** The outsider challenges every right result, to delay it. */
  readonly isOutsiderHostile: boolean;
  /** The party that asks, and the one that opens disputes where the adversary's camp is in the committee. */
  readonly asker: "requester" | "adversary";
  readonly opener: "member" | "adversary";
};

export type SettingInput = Partial<Setting> & Pick<Setting, "adversary" | "honest">;

/** A setting with the defaults: ten of 300 nodes, stake of 100 pays, pay that is the cost of the work and 20% more. */
export function settingOf(input: SettingInput): Setting {
  const k = input.k ?? 10;
  return {
    ...{
      rules: protocolRules,
      share: 0.1,
      poolNodes: 300,
      k,
      quorum: defaultQuorum(k),
      stakePays: 100,
      workCost: 1 / 1.2,
    },
    ...{ lane: "window", watched: 0, guessable: 0, fallbackShare: 0, isOutsiderHostile: false },
    ...{ asker: "requester", opener: "member" },
    ...input,
  };
}

/** An amount in pays as money. */
export function money(pays: number): bigint {
  return BigInt(Math.round(pays * Number(payUnits)));
}

/** Money as a number of pays. */
export function pays(amount: bigint): number {
  return Number(amount) / Number(payUnits);
}
