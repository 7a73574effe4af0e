/**
 * Requesters who are refused for a while: who signed two requests with one nonce, or announced one whose input nobody got.
 * Each of them would make nodes work for nothing.
 */
import type { Clock } from "../runtime/clock.ts";

export type Bars = { add(requester: string): void; has(requester: string): boolean };

const barMs = 600_000;
const maxBarred = 10_000;

/** In memory, bounded: the one barred longest ago goes first. */
export const makeBars = (clock: Pick<Clock, "now">): Bars => {
  const untilMs = new Map<string, number>();
  return {
    add: (requester) => {
      untilMs.delete(requester); // to the end of the order
      untilMs.set(requester, clock.now() + barMs);
      const oldest = untilMs.size > maxBarred ? untilMs.keys().next().value : undefined;
      if (oldest !== undefined) untilMs.delete(oldest);
    },
    has: (requester) => (untilMs.get(requester) ?? 0) > clock.now(),
  };
};
