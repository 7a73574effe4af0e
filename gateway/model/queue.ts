import { ApiError } from "./errors.ts";

/** Runs one job after the other. */
export type Queue = {
  /**
   * Runs the job when its turn has come. Throws an `ApiError` 429 where `limit` jobs wait already, and the signal's
   * reason where it is aborted while the job waits: the job is not run then.
   */
  run<T>(job: () => Promise<T>, signal: AbortSignal): Promise<T>;
};

export function makeQueue(limit: number): Queue {
  const waiting: { start: () => void }[] = [];
  let isBusy = false;

  const takeTurn = (signal: AbortSignal): Promise<void> => {
    if (!isBusy) {
      isBusy = true;
      return Promise.resolve();
    }
    if (waiting.length >= limit) {
      const message = `${limit} requests wait already. Ask again in a second.`;
      return Promise.reject(new ApiError(429, message, { code: "queue_full", retryAfterS: 1 }));
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(turn), 1);
        reject(signal.reason as Error);
      };
      const turn = {
        start: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      waiting.push(turn);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  };

  const run = async <T>(job: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    signal.throwIfAborted();
    await takeTurn(signal);
    try {
      return await job();
    } finally {
      // the turn is handed on: nobody who comes now finds the queue idle
      const next = waiting.shift();
      isBusy = next !== undefined;
      next?.start();
    }
  };
  return { run };
}
