/**
 * Runs a job's pass: again and again with back-off, or once under a lease for cron. A pass that throws is counted,
 * logged and tried again; it never ends the process. Stopping lets the running pass end by itself.
 */
import type { Clock } from "./clock.ts";
import { errorLine } from "./errors.ts";
import { type Leases, withLease } from "./lease.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export type PassReport = {
  /** Things done, for the log. */
  done: number;
  /** Things that failed and will be tried again: makes `once` end with a non-zero exit status. */
  failed: number;
  /** More is due at once: the next pass starts without waiting. */
  isMoreDue?: boolean;
};
/** One pass. `signal` aborts when the process shall stop or the lease is lost: finish or persist, then return. */
export type Pass = (signal: AbortSignal) => Promise<PassReport>;

export type LoopDeps = { clock: Clock; log: Log; metrics?: Metrics };
export type LoopOptions = {
  name: string;
  pass: Pass;
  /** Between the end of a good pass and the next. */
  intervalMs: number;
  /** Longest wait after failures; doubles from `intervalMs`, with jitter. */
  maxBackoffMs?: number;
  signal: AbortSignal;
  /** After each pass, for readiness checks: when it ended and whether it was good. */
  onPass?: (ended: { atMs: number; ok: boolean }) => void;
};

/** Milliseconds to wait after `failures` passes in a row failed: doubled each time, capped, 50-100% of it at random. */
export const backoffMs = (intervalMs: number, failures: number, maxMs: number, random: number): number => {
  if (failures === 0) return intervalMs;
  const full = Math.min(maxMs, Math.max(intervalMs, 100) * 2 ** Math.min(failures, 30));
  return Math.ceil(full * (0.5 + random / 2));
};

type Counted = (ok: boolean, tookMs: number) => void;

const makePassMetrics = (metrics: Metrics | undefined, job: string): Counted => {
  if (metrics === undefined) return () => {};
  const outcome = ["ok", "failed"] as const;
  const count = metrics.counter({
    name: "passes_total",
    help: "Passes of jobs",
    labels: { job: [job], outcome },
  });
  const took = metrics.histogram({
    name: "pass_seconds",
    help: "Duration of passes",
    buckets: [0.01, 0.05, 0.2, 1, 5, 20, 60],
    labels: ["job"],
  });
  return (ok, tookMs) => {
    count(1, { job, outcome: ok ? "ok" : "failed" });
    took(tookMs / 1000, { job });
  };
};

type Ended = { report: PassReport | undefined; ok: boolean };

const runPass = async (
  deps: LoopDeps,
  { name, pass }: { name: string; pass: Pass },
  signal: AbortSignal,
): Promise<Ended> => {
  try {
    const report = await pass(signal);
    if (report.failed > 0) deps.log.warn({ job: name, ...report }, "a pass ended with failures");
    else deps.log.debug({ job: name, ...report }, "a pass ended");
    return { report, ok: report.failed === 0 };
  } catch (error) {
    deps.log.error({ job: name, error }, "a pass failed");
    return { report: undefined, ok: false };
  }
};

/** Runs passes until `signal` aborts; resolves when the last one has ended. Never rejects. */
export const runLoop = async (deps: LoopDeps, options: LoopOptions): Promise<void> => {
  const { clock } = deps;
  const { name, intervalMs, maxBackoffMs = 60_000, signal, onPass = () => {} } = options;
  const count = makePassMetrics(deps.metrics, name);
  let failures = 0;
  while (!signal.aborted) {
    const startedMs = clock.now();
    const { report, ok } = await runPass(deps, options, signal);
    count(ok, clock.now() - startedMs);
    onPass({ atMs: clock.now(), ok });
    failures = ok ? 0 : failures + 1;
    const waitMs = ok && report?.isMoreDue === true ? 0 : backoffMs(intervalMs, failures, maxBackoffMs, clock.random());
    await clock.sleep(waitMs, signal);
  }
};

export type OnceOptions = {
  name: string;
  pass: Pass;
  /** A killed pass blocks the next for at most so long. */
  leaseTtlMs?: number;
  signal?: AbortSignal;
};

/**
 * One pass under the lease "once:NAME". Exit status 0: the pass was good, or another pass is running (said in `note`);
 * 1: it failed, in part or as a whole.
 */
export const runOnce = async (
  deps: LoopDeps & { leases: Leases },
  options: OnceOptions,
): Promise<{ exitCode: 0 | 1; note: string }> => {
  const { name, leaseTtlMs = 60_000, signal } = options;
  const count = makePassMetrics(deps.metrics, name);
  try {
    const ended = await withLease(deps, { name: `once:${name}`, ttlMs: leaseTtlMs }, async (_lease, lost) => {
      const startedMs = deps.clock.now();
      const result = await runPass(deps, options, signal === undefined ? lost : AbortSignal.any([signal, lost]));
      count(result.ok, deps.clock.now() - startedMs);
      return result;
    });
    if (ended === undefined) return { exitCode: 0, note: `${name}: another pass is running` };
    const { report, ok } = ended.value;
    if (report === undefined) return { exitCode: 1, note: `${name}: the pass failed; see the log` };
    return { exitCode: ok ? 0 : 1, note: `${name}: ${report.done} done, ${report.failed} failed` };
  } catch (error) {
    return { exitCode: 1, note: `${name}: ${errorLine(error)}` };
  }
};
