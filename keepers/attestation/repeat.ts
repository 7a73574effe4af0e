/** Passes of a job whose steps build on each other: the next can be sent when the one before is mined. */
import type { JobDeps } from "../job.ts";
import type { Pass } from "../runtime/loop.ts";

const pollMs = 250;

export type StepReport = {
  readonly done: number;
  readonly failed: number;
  /** Whether something is under way, after which there may be more to do. */
  readonly isWaiting: boolean;
};

type RepeatDeps = Pick<JobDeps, "transactions" | "clock"> & { readonly view: Pick<JobDeps["chain"], "sync"> };

/** Runs steps until nothing is under way, something failed, or the time is up. */
export const repeated =
  (
    { transactions, clock, view }: RepeatDeps,
    step: (signal: AbortSignal) => Promise<StepReport>,
    waitMs: number,
  ): Pass =>
  async (signal) => {
    const untilMs = clock.now() + waitMs;
    let [done, failed] = [0, 0];
    for (;;) {
      const report = await step(signal);
      done += report.done;
      failed += report.failed;
      if (!report.isWaiting || report.failed > 0 || signal.aborted || clock.now() >= untilMs) return { done, failed };
      const { failures, reverted } = await transactions.pass();
      if (failures.length + reverted > 0) return { done, failed: failed + failures.length + reverted };
      await clock.sleep(pollMs, signal);
      await view.sync(signal);
    }
  };
