/** Executes a request to its result, again and again while this machine or the network is to blame, until the window ends. */
import { flagBundle, hasFlag } from "../../sdk/words/flags.ts";
import type { ChainRequest, ChainTask, ChainView } from "../chain/view.ts";
import type { ExecutionTask, Executor } from "../executors/executor.ts";
import type { Result } from "../network/results.ts";
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

export type ExecutionDeps = {
  readonly view: Pick<ChainView, "task">;
  readonly executors: readonly Executor[];
  readonly inputs: Inputs;
  readonly artifacts: Artifacts;
  readonly limiter: Limiter;
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

/** The items' results, or why there is nothing to be done here. */
export type Executed = { readonly items: readonly Result[] } | { readonly skipped: string };

export type Execute = (job: Job) => Promise<Executed>;

/** The executor for a task, if this machine has one with exactly its runtime. */
export const executorFor = async (
  executors: readonly Executor[],
  { kind, runtimeDigest }: Pick<ChainTask, "kind" | "runtimeDigest">,
): Promise<Executor | undefined> => {
  for (const executor of executors) {
    const offered = await executor.capabilities();
    if (offered.kind === kind && offered.runtimeDigest.toLowerCase() === runtimeDigest.toLowerCase()) return executor;
  }
  return undefined;
};

type Prepared = { readonly executor: Executor; readonly task: ChainTask; readonly fuel: bigint };

/** Makes the function that executes. It resolves with `skipped` when the window ended, and rejects only by its signal. */
export const makeExecute = (deps: ExecutionDeps): Execute => {
  const { view, executors, inputs, artifacts, limiter, clock, log, countFailure = () => {} } = deps;

  const prepare = async ({ fields }: ChainRequest): Promise<Prepared | string> => {
    const task = await view.task(fields.taskId);
    if (task === undefined) return `task ${fields.taskId} is not known`;
    const executor = await executorFor(executors, task);
    if (executor === undefined) return `there is no executor of kind ${task.kind} with runtime ${task.runtimeDigest}`;
    const fuel = fuelOf(fields, task.unitSize);
    return fuel === undefined ? "its units buy no computation" : { executor, task, fuel };
  };

  const executeItem = async ({ executor, task, fuel }: Prepared, artifact: Uint8Array, input: Uint8Array, job: Job) => {
    const { request, untilMs, signal } = job;
    const what: ExecutionTask = { artifact, artifactDigest: task.artifactDigest };
    const run = () => {
      const limits = limitsOf(request.fields.maxOutputBytes, fuel, untilMs - clock.now());
      return executor.execute(what, input, limits, signal);
    };
    return itemOf(await limiter(run, signal));
  };

  /** One attempt; finished items stay in `done` for the next. */
  const attempt = async (prepared: Prepared, job: Job, done: Map<number, Result>): Promise<readonly Result[]> => {
    const { request, peers, signal } = job;
    const documents = await inputs.get(request, peers, signal);
    const artifact = await artifacts.get(prepared.task, signal);
    const others = new AbortController();
    const shared = { ...job, signal: AbortSignal.any([signal, others.signal]) };
    try {
      return await mapLimit([...documents.entries()], 8, async ([index, input]) => {
        const result = done.get(index) ?? (await executeItem(prepared, artifact, input, shared));
        done.set(index, result);
        return result;
      });
    } finally {
      others.abort(new Error("another item could not be executed")); // no effect when all are done
    }
  };

  const retry = async (prepared: Prepared, job: Job): Promise<Executed> => {
    const done = new Map<number, Result>();
    const { request, signal, untilMs } = job;
    for (let failures = 1; clock.now() < untilMs && !signal.aborted; failures++) {
      try {
        return { items: await attempt(prepared, job, done) };
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
