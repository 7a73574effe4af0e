/** One pass of a job for cron: read the chain, do what is due, see it mined. */
import type { Job } from "./job.ts";
import type { Parts } from "./parts.ts";
import { runOnce, type PassReport } from "./runtime/loop.ts";
import type { JobName } from "./settings.ts";

const pauseMs = 250;

const catchUp = async ({ chain }: Parts, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted && !(await chain.sync(signal)).isCaughtUp);
};

/** Sends what is in the outbox and waits until it is mined, up to the configured time. What is not stays for the next run. */
const drain = async ({ transactions, settings, clock, log }: Parts, signal: AbortSignal): Promise<number> => {
  const untilMs = clock.now() + settings.once.waitMs;
  let failed = 0;
  for (;;) {
    const report = await transactions.pass();
    failed += report.reverted;
    if (!report.isWriter) {
      log.info({}, "another process of this key sends the transactions");
      return failed;
    }
    if (report.inFlight === 0 && report.started === 0) return failed + report.failures.length;
    if (signal.aborted || clock.now() >= untilMs) {
      log.warn({ inFlight: report.inFlight }, "transactions are not mined yet: the next run goes on with them");
      return failed;
    }
    await clock.sleep(Math.min(pauseMs, settings.chain.pollMs), signal);
  }
};

/**
 * Runs the job's pass once, under the lease of its name: exit status 0 when all went well or another pass of it is
 * running, 1 when anything failed or reverted.
 */
export const runJobOnce = (
  parts: Parts,
  make: (parts: Parts) => Promise<Job>,
  name: JobName,
  stopping: AbortSignal,
): Promise<{ exitCode: 0 | 1; note: string }> => {
  const pass = async (signal: AbortSignal): Promise<PassReport> => {
    await catchUp(parts, signal);
    const job = await make(parts);
    try {
      const report = await job.once(signal);
      return { done: report.done, failed: report.failed + (await drain(parts, signal)) };
    } finally {
      await job.close();
    }
  };
  return runOnce(parts, { name, pass, signal: stopping });
};
