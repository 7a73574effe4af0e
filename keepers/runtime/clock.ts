/**
 * Time and chance as dependencies: nothing else in the runtime reads the clock or a random source by itself, so that
 * tests can drive both.
 */
export type Clock = {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). Used for jitter only, never for secrets. */
  random(): number;
};

const sleepReal = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now(), sleep: sleepReal, random: () => Math.random() };
