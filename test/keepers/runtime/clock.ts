/** A clock that tests move by hand; sleeping moves it too. */
import type { Clock } from "../../../keepers/runtime/clock.ts";

export type ManualClock = Clock & { advance(ms: number): void };

/** Starts at `startMs`; `random` is always one half. */
export const manualClock = (startMs = 1_000_000): ManualClock => {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
    random: () => 0.5,
    advance: (ms) => void (nowMs += ms),
  };
};
