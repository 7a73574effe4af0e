/** A keeper: the configured jobs over one key, one store and one view of the chain. Used by the program and in-process. */
import type { Address } from "viem";
import { liveChecks, makePasses, readyChecks } from "./checks.ts";
import type { Executor } from "./executors/executor.ts";
import type { Job } from "./job.ts";
import { makeJob } from "./jobs.ts";
import { runJobOnce } from "./once.ts";
import { type Given, openParts, type Parts } from "./parts.ts";
import { type HealthServer, startHealth } from "./runtime/health.ts";
import { type PassReport, runLoop } from "./runtime/loop.ts";
import type { JobName, Settings } from "./settings.ts";

export type KeeperDeps = Given & {
  /** Instead of the executors that come with the program. */
  readonly executors?: readonly Executor[];
};

export type Keeper = {
  /** Of the key. */
  readonly address: Address;
  readonly parts: Parts;
  /** Starts all jobs. Resolves when they run; rejects when one cannot start, and everything is stopped then. */
  start(): Promise<{ readonly opsUrl: string; readonly networkUrl: string | undefined }>;
  /** One pass of one job, with all that it needs before and after. For a keeper that was not started. */
  once(name: JobName): Promise<{ exitCode: 0 | 1; note: string }>;
  /** Lets running passes end, hands over what is in flight, closes everything. */
  stop(): Promise<void>;
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

const makeOutboxPass =
  ({ transactions }: Parts): Loop["pass"] =>
  async () => {
    const { started, failures } = await transactions.pass();
    return { done: started, failed: failures.length };
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

/** A keeper that has opened its key, chain and store; see `openParts` for what it refuses. */
export const makeKeeper = async (settings: Settings, deps: KeeperDeps = {}): Promise<Keeper> => {
  const parts = await openParts(settings, deps);
  const { log, clock, metrics } = parts;
  const stopping = new AbortController();
  const jobs: Job[] = [];
  const running: Promise<void>[] = [];
  let health: HealthServer | undefined;

  let stopped: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    stopping.abort(new Error("the keeper is stopping"));
    await Promise.all(running);
    for (const job of jobs) await job.close();
    await health?.close();
    await parts.close();
  };
  const stop = (): Promise<void> => (stopped ??= stopAll());
  const startAll = async (): Promise<{ opsUrl: string; networkUrl: string | undefined }> => {
    for (const name of new Set(settings.jobs)) jobs.push(await makeJob(name, parts, deps.executors));
    const { pollMs } = settings.chain;
    const loops: readonly Loop[] = [
      { name: "sync", intervalMs: pollMs, pass: makeSyncPass(parts) },
      { name: "outbox", intervalMs: pollMs, pass: makeOutboxPass(parts) },
      ...jobs.map((job) => ({ name: job.name, intervalMs: job.intervalMs, pass: makeJobPass(parts, job) })),
    ];
    const passes = makePasses();
    const names = loops.map(({ name }) => name);
    const ready = [...readyChecks(parts, passes, names), ...jobs.flatMap(({ checks }) => checks)];
    const live = liveChecks(parts, passes, names, clock.now());
    const { host, port } = settings.ops;
    health = await startHealth({ host, port, metrics, ready, live });
    const { signal } = stopping;
    for (const loop of loops)
      running.push(
        runLoop({ clock, log, metrics }, { ...loop, signal, onPass: (end) => passes.ended(loop.name, end) }),
      );
    const networkUrl = jobs.find(({ url }) => url !== undefined)?.url;
    log.info({ jobs: names, address: parts.signer.address, ops: health.url, network: networkUrl }, "the keeper runs");
    return { opsUrl: health.url, networkUrl };
  };

  return {
    address: parts.signer.address,
    parts,
    start: async () => {
      try {
        return await startAll();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    once: (name) => runJobOnce(parts, () => makeJob(name, parts, deps.executors), name, stopping.signal),
    stop,
  };
};
