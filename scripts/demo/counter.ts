import type { Executor } from "../../keepers/executors/executor.ts";

/** Counts what executors have computed. */
export type Counter = {
  /** The same executor, counted. */
  readonly count: (executor: Executor) => Executor;
  /** Executions that came to an outcome so far. */
  readonly computed: () => number;
};

/** Makes a counter. */
export function makeCounter(): Counter {
  let done = 0;
  const count = ({ capabilities, execute }: Executor): Executor => ({
    capabilities,
    execute: async (task, input, limits, signal) => {
      const result = await execute(task, input, limits, signal);
      done += 1;
      return result;
    },
  });
  return { count, computed: () => done };
}
