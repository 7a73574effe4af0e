/** What computes a request on this machine: executors, inputs and artifacts with their caches, so many at a time. */
import { join } from "node:path";
import { makeBlobCache, type BlobCache } from "./blob-cache.ts";
import { makeArtifacts } from "./artifacts.ts";
import { type Execute, type ExecutionDeps, makeExecute } from "./execution.ts";
import { type InputDeps, makeInputs } from "./inputs.ts";
import type { Executor } from "../executors/executor.ts";
import { type Limiter, makeLimiter } from "./limiter.ts";

const mebibyte = 1024 * 1024;

export type ComputingOptions = {
  /** Folder for inputs and artifacts. */
  readonly cacheDirectory: string;
  readonly maxInputCacheBytes?: number;
  readonly maxArtifactCacheBytes?: number;
  /** Executions on this machine's processors at a time. */
  readonly maxExecutions?: number;
  /** Lines in which executions wait, which several may share; lines of its own where absent. */
  readonly limiterOf?: LimiterOf;
};

export type ComputingDeps = Omit<ExecutionDeps, "inputs" | "artifacts" | "limiterOf"> & Omit<InputDeps, "cache">;

export type Computing = { readonly execute: Execute; readonly inputCache: BlobCache };

export type LimiterOf = (executor: Executor) => Promise<Limiter>;

/** Executors that say how many executions they take have a line of their own; the others share that of this machine. */
export const makeLimiters = (maxExecutions: number): LimiterOf => {
  const shared = makeLimiter(maxExecutions);
  const own = new Map<Executor, Limiter>();
  return async (executor) => {
    const { concurrency } = await executor.capabilities();
    if (concurrency === undefined) return shared;
    const limiter = own.get(executor) ?? makeLimiter(concurrency);
    own.set(executor, limiter);
    return limiter;
  };
};

/** Puts the parts together. */
export const makeComputing = (deps: ComputingDeps, options: ComputingOptions): Computing => {
  const cacheOf = (folder: string, maxBytes: number) =>
    makeBlobCache({ directory: join(options.cacheDirectory, folder), maxBytes, now: deps.clock.now });
  const inputCache = cacheOf("inputs", options.maxInputCacheBytes ?? 512 * mebibyte);
  const artifactCache = cacheOf("artifacts", options.maxArtifactCacheBytes ?? 1_024 * mebibyte);
  const execute = makeExecute({
    ...deps,
    inputs: makeInputs({ ...deps, cache: inputCache }),
    artifacts: makeArtifacts({ ...deps, cache: artifactCache }),
    limiterOf: options.limiterOf ?? makeLimiters(options.maxExecutions ?? 2),
  });
  return { execute, inputCache };
};
