/** Executes a request to its items' digests, again and again while this machine or the network is to blame, until the window ends. */
import type { Hex } from "viem";
import { flagBundle, hasFlag } from "../../sdk/words/flags.ts";
import type { ChainRequest, ChainTask, ChainView } from "../chain/view.ts";
import type { ExecutionTask, Executor } from "../executors/executor.ts";
import type { Clock } from "../runtime/clock.ts";
import { mapLimit } from "../runtime/concurrency.ts";
import { errorLine } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { backoffMs } from "../runtime/loop.ts";
import type { Artifacts } from "./artifacts.ts";
import type { Inputs } from "./inputs.ts";
import { fuelOf, limitsOf } from "./limits.ts";
import type { Limiter } from "./limiter.ts";
import { itemOf } from "./outcome.ts";
import type { OwnStore } from "./own-store.ts";

export type ExecutionDeps = {
  readonly view: Pick<ChainView, "task">;
  readonly executors: readonly Executor[];
  readonly inputs: Inputs;
  readonly artifacts: Artifacts;
  /** Items are kept as they finish: the outputs of a bundle are never in memory together. */
  readonly own: Pick<OwnStore, "keepItem" | "digests">;
  /** The line in which an executor's executions wait. */
  readonly limiterOf: (executor: Executor) => Promise<Limiter>;
  readonly clock: Clock;
  readonly log: Log;
  readonly countFailure?: () => void;
};

export type Job = {
  readonly request: ChainRequest;
  /** Other members, who may have the input. */
  readonly peers: readonly bigint[];
  /** End of commits. */
  readonly untilMs: number;
  readonly signal: AbortSignal;
};

/** The digests of the items, all of which are kept, or why there is nothing to be done here. */
export type Executed = { readonly digests: readonly Hex[] } | { readonly skipped: string };

export type Execute = (job: Job) => Promise<Executed>;

const isSame = (a: Hex, b: Hex): boolean => a.toLowerCase() === b.toLowerCase();

/** The executor for a task, if this machine has one with exactly its runtime, and for its artifact where it is tied to one. */
export const executorFor = async (
  executors: readonly Executor[],
  task: Pick<ChainTask, "kind" | "runtimeDigest" | "artifactDigest">,
): Promise<Executor | undefined> => {
  for (const executor of executors) {
    const { kind, runtimeDigest, artifactDigests } = await executor.capabilities();
    const isFor = artifactDigests?.some((digest) => isSame(digest, task.artifactDigest)) ?? true;
    if (kind === task.kind && isSame(runtimeDigest, task.runtimeDigest) && isFor) return executor;
  }
  return undefined;
};

/** Items of one bundle that are taken up at a time, where the executor does not say how many it takes. */
const itemsAtOnce = 8;

type Item = readonly [index: number, input: Uint8Array];
type Prepared = {
  readonly executor: Executor;
  readonly limiter: Limiter;
  readonly width: number;
  readonly task: ChainTask;
  readonly fuel: bigint;
};

/** Makes the function that executes. It resolves with `skipped` when the window ended, and rejects only by its signal. */
export const makeExecute = (deps: ExecutionDeps): Execute => {
  const { view, executors, inputs, artifacts, own, limiterOf, clock, log, countFailure = () => {} } = deps;

  const prepare = async ({ fields }: ChainRequest): Promise<Prepared | string> => {
    const task = await view.task(fields.taskId);
    if (task === undefined) return `task ${fields.taskId} is not known`;
    const executor = await executorFor(executors, task);
    if (executor === undefined)
      return `there is no executor of kind ${task.kind} with runtime ${task.runtimeDigest} for ${task.artifactDigest}`;
    const fuel = fuelOf(fields, task.unitSize);
    if (fuel === undefined) return "its units buy no computation";
    const { concurrency: width = itemsAtOnce } = await executor.capabilities();
    return { executor, limiter: await limiterOf(executor), width, task, fuel };
  };

  /** Executes and keeps one item, within the limiter: only so many outputs are in memory at a time. */
  const executeItem = (prepared: Prepared, artifact: Uint8Array, [index, input]: Item, job: Job): Promise<Hex> => {
    const { executor, limiter, task, fuel } = prepared;
    const { request, untilMs, signal } = job;
    const what: ExecutionTask = { artifact, artifactDigest: task.artifactDigest };
    const run = async (): Promise<Hex> => {
      const limits = limitsOf(request.fields, fuel, untilMs - clock.now());
      const item = itemOf(await executor.execute(what, input, limits, signal));
      return own.keepItem(request.requestId, index, item, clock.now());
    };
    return limiter(run, signal);
  };

  /** One attempt; items that are kept, from an earlier attempt or process, are not executed again. */
  const attempt = async (prepared: Prepared, job: Job): Promise<readonly Hex[]> => {
    const { request, peers, signal } = job;
    const documents = await inputs.get(request, peers, signal);
    const artifact = await artifacts.get(prepared.task, signal);
    const done = await own.digests(request.requestId);
    const others = new AbortController();
    const shared = { ...job, signal: AbortSignal.any([signal, others.signal]) };
    try {
      return await mapLimit(
        [...documents.entries()],
        prepared.width,
        async (item) => done.get(item[0]) ?? executeItem(prepared, artifact, item, shared),
      );
    } finally {
      others.abort(new Error("another item could not be executed")); // no effect when all are done
    }
  };

  const retry = async (prepared: Prepared, job: Job): Promise<Executed> => {
    const { request, signal, untilMs } = job;
    for (let failures = 1; clock.now() < untilMs && !signal.aborted; failures++) {
      try {
        return { digests: await attempt(prepared, job) };
      } catch (error) {
        if (signal.aborted) break;
        countFailure();
        log.warn({ requestId: request.requestId, error: errorLine(error) }, "a request could not be executed yet");
      }
      await clock.sleep(backoffMs(500, failures, 10_000, clock.random()), signal);
    }
    return { skipped: "the window ended before it could be executed" };
  };

  return async (job) => {
    const prepared = await prepare(job.request);
    return typeof prepared === "string" ? { skipped: prepared } : retry(prepared, job);
  };
};

/** Whether the request's digest is the root of a bundle. */
export const isBundle = ({ fields }: Pick<ChainRequest, "fields">): boolean => hasFlag(fields.flags, flagBundle);
