/** What computes a request on this machine: executors, inputs and artifacts with their caches, so many at a time. */
import { join } from "node:path";
import { makeBlobCache, type BlobCache } from "./blob-cache.ts";
import { makeArtifacts } from "./artifacts.ts";
import { type Execute, type ExecutionDeps, makeExecute } from "./execution.ts";
import { type InputDeps, makeInputs } from "./inputs.ts";
import { makeLimiter } from "./limiter.ts";

const mebibyte = 1024 * 1024;

export type ComputingOptions = {
  /** Folder for inputs and artifacts. */
  readonly cacheDirectory: string;
  readonly maxInputCacheBytes?: number;
  readonly maxArtifactCacheBytes?: number;
  /** Executions at a time. */
  readonly maxExecutions?: number;
};

export type ComputingDeps = Omit<ExecutionDeps, "inputs" | "artifacts" | "limiter"> & Omit<InputDeps, "cache">;

export type Computing = { readonly execute: Execute; readonly inputCache: BlobCache };

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
    limiter: makeLimiter(options.maxExecutions ?? 2),
  });
  return { execute, inputCache };
};
