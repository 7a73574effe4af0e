/** At most so many pieces of work at a time; the rest wait in line. */

export type Limiter = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Makes a limiter. Work whose signal aborts while it waits is not started: rejects with the signal's reason. */
export const makeLimiter = (limit: number): Limiter => {
  let running = 0;
  const waiting: (() => void)[] = [];
  const enter = async (): Promise<void> => {
    if (running < limit) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve)); // takes over the place of who leaves
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  };
  return async (work, signal) => {
    await enter();
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      leave();
    }
  };
};
