/** Work that runs beside passes, so that no slow peer or long execution holds up other requests. */
import type { Log } from "../runtime/log.ts";

export type Background = {
  /** Starts work. What it throws is logged, unless everything is stopping. */
  run(work: () => Promise<unknown>): void;
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
  /** Aborts the signal and waits for all work to end. */
  stop(): Promise<void>;
};

/** Makes a place for such work. */
export const makeBackground = (log: Log): Background => {
  const stopping = new AbortController();
  const all = new Set<Promise<void>>();
  const guarded = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!stopping.signal.aborted) log.error({ error }, "work beside a pass failed");
    }
  };
  return {
    run: (work) => {
      const running = guarded(work).finally(() => all.delete(running));
      all.add(running);
    },
    signal: stopping.signal,
    stop: async () => {
      stopping.abort(new Error("the node is stopping"));
      while (all.size > 0) await Promise.all(all);
    },
  };
};
