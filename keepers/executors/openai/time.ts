/** Work that must end in time. */
import type { Clock } from "../../runtime/clock.ts";

/**
 * Runs `work` with a signal that aborts after `ms`, with `reason()`, or when `signal` does, with its reason. Rejects with that
 * reason at once, whether or not the work heeds the signal.
 */
export const within = async <T>(
  clock: Clock,
  ms: number,
  reason: () => Error,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const late = new AbortController();
  const done = new AbortController();
  void clock.sleep(ms, done.signal).then(() => void (done.signal.aborted || late.abort(reason())));
  const ending = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  try {
    return await orAborted(work(ending), ending);
  } finally {
    done.abort();
  }
};

/** The promise's value, unless the signal aborts first: then its reason. */
export const orAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
