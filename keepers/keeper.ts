/** A keeper: the configured jobs over one key, for one instance or several. Used by the program and in-process. */
import type { Address } from "viem";
import { liveChecks, makePasses, sharedChecks } from "./checks.ts";
import { ConfigError } from "./config.ts";
import type { Executor } from "./executors/executor.ts";
import type { Parts } from "./parts.ts";
import { type HealthServer, startHealth } from "./runtime/health.ts";
import { runLoop } from "./runtime/loop.ts";
import { labelled } from "./runtime/metrics.ts";
import { makeServing, type Serving } from "./serving.ts";
import type { JobName, Settings } from "./settings.ts";
import { type Given, instanceLabel, openShared, type Shared } from "./shared.ts";

export type KeeperDeps = Given & {
  /** Instead of the executors that come with the program. */
  readonly executors?: readonly Executor[];
};

export type Keeper = {
  /** Of the key. */
  readonly address: Address;
  /** Of the first instance that is open. */
  readonly parts: Parts;
  /** Undefined while the instance is not open. The name is empty where the settings name none. */
  partsOf(instance: string): Parts | undefined;
  /** Starts all jobs. Resolves when one instance is served; rejects when none can be, and everything is stopped then. */
  start(): Promise<{ readonly opsUrl: string; readonly networkUrl: string | undefined }>;
  /** One pass of one job, with all that it needs before and after. For a keeper that was not started. */
  once(name: JobName, instance?: string): Promise<{ exitCode: 0 | 1; note: string }>;
  /** Lets running passes end, hands over what is in flight, closes everything. */
  stop(): Promise<void>;
};

/** Between two attempts to start an instance that could not be; longer while it goes on. */
const retryMs = 5_000;
const outbox = "outbox";

/** Runs `work` for all. Answers to which of them it failed for; throws the first failure where that is all of them. */
const forAll = async (
  servings: readonly Serving[],
  { log }: Shared,
  work: (one: Serving) => Promise<unknown>,
): Promise<readonly Serving[]> => {
  const failed = new Map<Serving, unknown>();
  for (const one of servings) await work(one).catch((error: unknown) => failed.set(one, error));
  if (failed.size === servings.length) throw [...failed.values()][0];
  for (const [{ name }, error] of failed) log.error({ instance: name, error }, "an instance is not served");
  return [...failed.keys()];
};

/** Sends the transactions of all instances. */
const runOutbox = (
  shared: Shared,
  { pollMs, instance }: Settings["chain"],
  passes: ReturnType<typeof makePasses>,
  signal: AbortSignal,
) => {
  const { clock, log, transactions } = shared;
  const beside = instance === undefined ? {} : { [instanceLabel]: "" }; // loops of instances have theirs
  const metrics = labelled(shared.metrics, beside);
  const pass = async () => {
    const { started, failures } = await transactions.pass();
    return { done: started, failed: failures.length };
  };
  const options = { name: outbox, intervalMs: pollMs, pass, signal };
  return runLoop({ clock, log, metrics }, { ...options, onPass: (end) => passes.ended(outbox, end) });
};

/** Tries until the instance is served. */
const startLater = (one: Serving, { clock, log }: Shared, stopping: AbortSignal): Promise<void> => {
  const done = new AbortController();
  const pass = async () => {
    await one.start();
    done.abort();
    return { done: 1, failed: 0 };
  };
  const signal = AbortSignal.any([stopping, done.signal]);
  return runLoop({ clock, log }, { name: `start ${one.name}`, intervalMs: retryMs, pass, signal });
};

const opened = (servings: readonly Serving[]): Parts => {
  const [first] = servings.flatMap((one) => one.parts() ?? []);
  if (first === undefined) throw new Error("no instance is open");
  return first;
};

/**
 * A keeper that has opened its key, chain and stores; see `openShared` and `openInstance` for what it refuses. Of several
 * instances one has to open; the others are tried again once it has started.
 */
export const makeKeeper = async (given: Settings | readonly Settings[], deps: KeeperDeps = {}): Promise<Keeper> => {
  const [settings, ...others] = "chain" in given ? [given] : given;
  if (settings === undefined) throw new ConfigError(["There is no instance to serve."]);
  const shared = await openShared([settings, ...others], deps);
  const stopping = new AbortController();
  const { signal } = stopping;
  const servings = [settings, ...others].map((one) =>
    makeServing(one, { shared, executors: deps.executors, stopping: signal }),
  );
  const running: Promise<void>[] = [];
  let health: HealthServer | undefined;
  let stopped: Promise<void> | undefined;

  const stopAll = async (): Promise<void> => {
    stopping.abort(new Error("the keeper is stopping"));
    await Promise.all(running);
    for (const one of servings) await one.stop();
    await health?.close();
    await shared.close();
  };
  const stop = (): Promise<void> => (stopped ??= stopAll());
  const orStop = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await stop();
      throw error;
    }
  };
  const startAll = async (): Promise<{ opsUrl: string; networkUrl: string | undefined }> => {
    const { clock, log, metrics } = shared;
    const failed = await forAll(servings, shared, (one) => one.start());
    const passes = makePasses();
    const live = liveChecks(clock, passes, [outbox], clock.now());
    const parts = () => new Map(servings.map((one) => [one.name, one.checks()]));
    const { host, port } = settings.ops;
    health = await startHealth({ host, port, metrics, ready: sharedChecks(shared, settings, passes), live, parts });
    running.push(runOutbox(shared, settings.chain, passes, signal));
    running.push(...failed.map((one) => startLater(one, shared, signal)));
    const networkUrl = servings.flatMap((one) => one.url() ?? [])[0];
    log.info({ address: shared.signer.address, ops: health.url, network: networkUrl }, "the keeper runs");
    return { opsUrl: health.url, networkUrl };
  };

  await orStop(() => forAll(servings, shared, (one) => one.open()));
  const named = (instance: string): Serving | undefined => servings.find(({ name }) => name === instance);
  return {
    address: shared.signer.address,
    get parts() {
      return opened(servings);
    },
    partsOf: (instance) => named(instance)?.parts(),
    start: () => orStop(startAll),
    once: async (name, instance = settings.chain.instance ?? "") => {
      const one = named(instance);
      return one === undefined ? { exitCode: 1, note: `${name}: there is no instance ${instance}` } : one.once(name);
    },
    stop,
  };
};
