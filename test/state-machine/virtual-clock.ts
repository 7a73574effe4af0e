/** Time that passes only when it is told to. */
import type { Clock } from "../../keepers/runtime/clock.ts";

export type VirtualClock = Clock & {
  /** Moves on, never back, and wakes whoever slept until then. */
  set(nowMs: number): void;
};

type Sleeper = { readonly untilMs: number; readonly wake: () => void };

/** A clock that shows `startMs`. */
export const makeVirtualClock = (startMs: number): VirtualClock => {
  let nowMs = startMs;
  const sleepers = new Set<Sleeper>();
  const sleep: Clock["sleep"] = (ms, signal) =>
    new Promise((resolve) => {
      if (ms <= 0 || signal?.aborted === true) return resolve();
      const wake = (): void => {
        sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper: Sleeper = { untilMs: nowMs + ms, wake };
      sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
    });
  const set = (ms: number): void => {
    nowMs = Math.max(nowMs, ms);
    for (const { untilMs, wake } of [...sleepers]) if (untilMs <= nowMs) wake();
  };
  return { now: () => nowMs, sleep, random: () => 0.5, set };
};
