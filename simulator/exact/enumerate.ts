import { makeRandom } from "../random.ts";
import { commonGuess } from "../strategies/strategy.ts";
import type { Camps } from "../world/camps.ts";
import { type RequestResult, runSession, sessionOf } from "../world/request.ts";
import type { Seating } from "../world/seating.ts";
import type { Setting } from "../world/setting.ts";
import { binomial } from "./binomial.ts";

/** Divisions less likely than this are left out, where nothing else is asked for. */
const tiny = 1e-22;

/**
 * Goes through every division of committee and panels between the camps, runs the same rules and books as the simulation
 * on it, and shows the result with its probability. For strategies that use no chance, and a pool too large to notice who
 * was drawn. A panel that never sat is not divided.
 */
export function enumerateRequests(
  setting: Setting,
  visit: (probability: number, result: RequestResult) => void,
  leastProbability = tiny,
): void {
  const levels = [0, 1, 2] as const;
  const seats = [setting.k, setting.rules.panelSeats(setting.k, 1), setting.rules.panelSeats(setting.k, 2)];
  const walk = (counts: readonly number[], probability: number): void => {
    if (probability < leastProbability) return;
    const result = runDivided(setting, counts);
    if (result.panels < counts.length || counts.length > levels.length - 1) {
      visit(probability, result);
      return;
    }
    divide(counts, probability);
  };
  const divide = (counts: readonly number[], probability: number): void => {
    const n = seats[counts.length] ?? 0;
    for (let x = 0; x <= n; x++) walk([...counts, x], probability * binomial(n, x, setting.share));
  };
  divide([], 1);
}

/** Means over all divisions of what is asked of each result. */
export function exactMean(setting: Setting, valueOf: (result: RequestResult) => number): number {
  let sum = 0;
  enumerateRequests(setting, (probability, result) => (sum += probability * valueOf(result)));
  return sum;
}

/** The quotient of two exact means, such as profit and seats. */
export function exactRatio(
  setting: Setting,
  above: (result: RequestResult) => number,
  below: (result: RequestResult) => number,
): number {
  let [sumAbove, sumBelow] = [0, 0];
  enumerateRequests(setting, (probability, result) => {
    sumAbove += probability * above(result);
    sumBelow += probability * below(result);
  });
  return sumAbove / sumBelow;
}

/** Runs a request with so many of the adversary's nodes in committee and panels; levels not given have none. */
function runDivided(setting: Setting, counts: readonly number[]): RequestResult {
  let next = 0n;
  const seating: Seating = (_, seats) => Array.from({ length: seats }, () => ({ nodeId: ++next, ask: 1n }));
  const camps: Camps = {
    seat: (_, level, place) => (place < (counts[level] ?? 0) ? "adversary" : "honest"),
    weight: () => 1,
  };
  return runSession(setting, sessionOf(setting, { seating, camps, random: makeRandom(0), cheapAnswer: commonGuess }));
}
