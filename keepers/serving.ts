/** One of the instances that a keeper serves: its parts, its jobs, and the loops in which they run. */
import { instanceChecks, liveChecks, makePasses } from "./checks.ts";
import type { Executor } from "./executors/executor.ts";
import type { Job } from "./job.ts";
import { makeJob } from "./jobs.ts";
import { runJobOnce } from "./once.ts";
import { openInstance, type Parts } from "./parts.ts";
import { errorLine } from "./runtime/errors.ts";
import type { PartChecks } from "./runtime/health.ts";
import { type PassReport, runLoop } from "./runtime/loop.ts";
import type { JobName, Settings } from "./settings.ts";
import type { Shared } from "./shared.ts";

export type Serving = {
  /** Empty where the settings name no instance. */
  readonly name: string;
  readonly settings: Settings;
  /** Undefined while the instance is not open. */
  parts(): Parts | undefined;
  /** Opens the instance, unless it is open; see `openInstance` for what it refuses. */
  open(): Promise<Parts>;
  /** Opens it and starts all jobs. Rejects when one cannot start; none runs then, and it may be called again. */
  start(): Promise<void>;
  /** Address of the endpoint for other members, once an executor has started. */
  url(): string | undefined;
  checks(): PartChecks;
  /** One pass of one job, with all that it needs before and after. */
  once(name: JobName): Promise<{ exitCode: 0 | 1; note: string }>;
  /** Waits for its loops, which end by the keeper's signal; closes what is its own. */
  stop(): Promise<void>;
};

export type ServingDeps = {
  readonly shared: Shared;
  readonly executors: readonly Executor[] | undefined;
  /** Ends its loops. */
  readonly stopping: AbortSignal;
};

type Loop = {
  readonly name: string;
  readonly intervalMs: number;
  readonly pass: (signal: AbortSignal) => Promise<PassReport>;
};

const makeSyncPass = ({ chain, metrics }: Parts): Loop["pass"] => {
  const height = metrics.gauge({ name: "chain_height", help: "Newest block that has been taken in" });
  const head = metrics.gauge({ name: "chain_head", help: "Newest block that the RPC shows" });
  return async (signal) => {
    const report = await chain.sync(signal);
    height(Number(report.height));
    head(Number(report.head));
    return { done: report.logs, failed: 0, isMoreDue: !report.isCaughtUp && !signal.aborted };
  };
};

/** Jobs see the chain as it was at the last good reading, and none before the first. */
const makeJobPass = ({ chain, metrics }: Parts, job: Job): Loop["pass"] => {
  const count = metrics.counter({
    name: "job_items_total",
    help: "Things that jobs did",
    labels: { job: [job.name], outcome: ["done", "failed"] },
  });
  let isCaughtUp = false;
  return async (signal) => {
    if (!isCaughtUp) isCaughtUp = (await chain.sync(signal)).isCaughtUp;
    if (!isCaughtUp) return { done: 0, failed: 0 };
    const report = await job.pass(signal);
    count(report.done, { job: job.name, outcome: "done" });
    count(report.failed, { job: job.name, outcome: "failed" });
    return report;
  };
};

const loopsOf = (parts: Parts, jobs: readonly Job[]): readonly Loop[] => [
  { name: "sync", intervalMs: parts.settings.chain.pollMs, pass: makeSyncPass(parts) },
  ...jobs.map((job) => ({ name: job.name, intervalMs: job.intervalMs, pass: makeJobPass(parts, job) })),
];

const closeAll = async (jobs: readonly Job[]): Promise<void> => {
  for (const job of jobs) await job.close();
};

/** All jobs of the settings, or none: what was made is closed when one cannot be. */
const makeJobs = async (parts: Parts, executors: readonly Executor[] | undefined): Promise<readonly Job[]> => {
  const jobs: Job[] = [];
  try {
    for (const name of new Set(parts.settings.jobs)) jobs.push(await makeJob(name, parts, executors));
    return jobs;
  } catch (error) {
    await closeAll(jobs);
    throw error;
  }
};

/** An instance that is not open yet. */
export const makeServing = (settings: Settings, { shared, executors, stopping }: ServingDeps): Serving => {
  const running: Promise<void>[] = [];
  let parts: Parts | undefined;
  let jobs: readonly Job[] = [];
  let problem = "it has not been started";
  let checks: PartChecks | undefined;

  const noting = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      problem = errorLine(error);
      throw error;
    }
  };
  const open = (): Promise<Parts> => noting(async () => (parts ??= await openInstance(shared, settings)));
  const run = (opened: Parts): void => {
    const { clock, log, metrics } = opened;
    const passes = makePasses();
    const loops = loopsOf(opened, jobs);
    const names = loops.map(({ name }) => name);
    checks = {
      ready: [...instanceChecks(opened, passes, names), ...jobs.flatMap((job) => job.checks)],
      live: liveChecks(clock, passes, names, clock.now()),
    };
    for (const loop of loops)
      running.push(
        runLoop({ clock, log, metrics }, { ...loop, signal: stopping, onPass: (end) => passes.ended(loop.name, end) }),
      );
    log.info({ jobs: names }, "the instance is served");
  };
  const notServed: PartChecks = {
    ready: [{ name: "start", check: async () => ({ ok: false, why: problem }) }],
    live: [],
  };
  return {
    name: settings.chain.instance ?? "",
    settings,
    parts: () => parts,
    open,
    start: async () => {
      const opened = await open();
      jobs = await noting(() => makeJobs(opened, executors));
      run(opened);
    },
    url: () => jobs.find(({ url }) => url !== undefined)?.url,
    checks: () => checks ?? notServed,
    once: async (name) => {
      if (parts === undefined) return { exitCode: 1, note: `${name}: the instance is not open: ${problem}` };
      return runJobOnce(parts, (opened) => makeJob(name, opened, executors), name, stopping);
    },
    stop: async () => {
      await Promise.all(running);
      await closeAll(jobs);
      await parts?.close();
    },
  };
};
