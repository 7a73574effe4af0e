/** How often peers are asked for what they hold. */
import type { ExchangeTimes } from "../network/exchange-times.ts";

/** Before the end of commits: only what a sender lost for good is missing. */
const beforeEndMs = 30_000;
/** While the union is formed. */
const unionMs = 600;
/** Afterwards, for attestations. */
const afterMs = 3_000;

/** Milliseconds between two rounds of asking, at `nowMs`. */
export const pullIntervalMs = (nowMs: number, { commitEndMs, pullEndMs }: ExchangeTimes): number => {
  if (nowMs < commitEndMs) return beforeEndMs;
  return nowMs <= pullEndMs ? unionMs : afterMs;
};

/** Whether to ask now, having asked last at `lastMs`, or never. The end of commits makes it due at once. */
export const isPullDue = (nowMs: number, lastMs: number | undefined, times: ExchangeTimes): boolean => {
  if (lastMs === undefined) return nowMs >= times.commitEndMs || nowMs >= times.startMs + beforeEndMs;
  return nowMs - lastMs >= pullIntervalMs(nowMs, times);
};
