/** The executor of one model, which servers of the operator's run. What decides outcomes is in input.ts, text.ts and outcome.ts. */
import {
  maxManifestBytes,
  ManifestError,
  type ModelManifest,
  modelRuntimeDigest,
  parseManifest,
} from "../../models/manifest.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { CheckResult } from "../../runtime/health.ts";
import type { Log } from "../../runtime/log.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import {
  ExecutionStatus,
  ExecutorError,
  type ExecutionLimits,
  type ExecutionResult,
  type ExecutionTask,
  type Executor,
} from "../executor.ts";
import { sha256 } from "../../runtime/sha256.ts";
import { checkArtifact, checkLimits, ended } from "../preconditions.ts";
import { askServer, type Reply } from "./ask.ts";
import { backendsOf, type BackendsOptions, defaultTimeoutMs } from "./backends.ts";
import { BackendError, codeOf } from "./fault.ts";
import { fuelOfImage } from "./image.ts";
import { type Asked, readInput } from "./input.ts";
import { makeModelMetrics } from "./metrics.ts";
import { type Backend, makePool } from "./pool.ts";
import { within } from "./time.ts";
import { makeTrust } from "./trust.ts";

export type OpenAiExecutorOptions = BackendsOptions & {
  /** The artifact of the task. */
  readonly manifest: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  /** A server that answered the check question is trusted for so long; 0 asks before every request. Default 60 s. */
  readonly checkEveryMs?: number;
};

export type OpenAiExecutor = Executor & {
  readonly manifest: ModelManifest;
  /** Whether at least one server can be used; checks those that were not for a while. */
  check(signal?: AbortSignal): Promise<CheckResult>;
};

const isManifest = (artifact: Uint8Array): boolean => {
  try {
    return artifact.length <= maxManifestBytes && parseManifest(artifact) !== undefined;
  } catch (error) {
    if (error instanceof ManifestError) return false;
    throw error;
  }
};

/** Makes the executor. Throws ManifestError. */
export const makeOpenAiExecutor = (options: OpenAiExecutorOptions): OpenAiExecutor => {
  const { clock, log, timeoutMs = defaultTimeoutMs, checkEveryMs = 60_000 } = options;
  const manifest = parseManifest(options.manifest);
  const artifactDigest = sha256(options.manifest);
  const { name: model } = manifest;
  const count = makeModelMetrics(options.metrics, model);
  const pool = makePool(backendsOf(options), clock, (backend, fault) => {
    count.fit(pool.backends.filter((one) => one.fault === undefined).length);
    if (fault === undefined) log.info({ model, server: backend.name }, "a model server can be used again");
    else log.warn({ model, server: backend.name, why: fault }, "a model server is not used until it passes its check");
  });
  count.fit(pool.backends.length);
  const trust = makeTrust({ manifest, pool, clock, checkEveryMs });

  /** One that fails at this request and passes its check is no worse than before: a requester may have caused it. */
  const ask = async (backend: Backend, asked: Asked, limits: ExecutionLimits, signal: AbortSignal): Promise<Reply> => {
    const { server } = backend;
    const slow = (): BackendError => new BackendError("slow", `no whole answer came within ${timeoutMs} ms`);
    try {
      return await within(clock, timeoutMs, slow, signal, (ending) =>
        askServer({ server, manifest, signal: ending }, asked, limits),
      );
    } catch (cause) {
      if (!(cause instanceof BackendError) || cause.fault !== "failing" || manifest.check === undefined) throw cause;
      await trust.prove(backend, signal);
      throw new BackendError("refuses", `${cause.message} (and it passes its check)`, { cause });
    }
  };

  const attempt = async (backend: Backend, asked: Asked, limits: ExecutionLimits, signal: AbortSignal) => {
    await trust.ensure(backend, signal);
    const { doubts } = backend;
    const { result, fingerprint } = await ask(backend, asked, limits, signal);
    if (fingerprint !== undefined && backend.fingerprint !== undefined && fingerprint !== backend.fingerprint)
      throw new BackendError("changed", `its fingerprint is ${JSON.stringify(fingerprint.slice(0, 60))} now`);
    if (doubts !== backend.doubts) await trust.ensure(backend, signal); // it failed others meanwhile
    return result;
  };

  /** Goes from server to server until one answers. One that is busy is asked again, all others once; one that changed, twice. */
  const serve = async (asked: Asked, limits: ExecutionLimits, signal: AbortSignal): Promise<ExecutionResult> => {
    const excluded = new Set<Backend>();
    const changed = new Set<Backend>();
    const failures = new Map<Backend, BackendError>();
    for (;;) {
      const backend = await pool.take(excluded, signal);
      count.started();
      try {
        return await attempt(backend, asked, limits, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof BackendError)) throw error;
        count.failure(error.fault);
        pool.fail(backend, error);
        failures.set(backend, error);
        const isSecondChance = error.fault === "changed" && !changed.has(backend);
        changed.add(backend);
        if (error.fault !== "busy" && !isSecondChance) excluded.add(backend);
        if (excluded.size === pool.backends.length) throw explain(failures, error);
      } finally {
        if (signal.reason instanceof ExecutorError) backend.trustedUntilMs = 0; // too slow: a short question will tell why
        count.ended();
        pool.give(backend);
      }
    }
  };

  const explain = (failures: ReadonlyMap<Backend, BackendError>, last: BackendError): ExecutorError => {
    const said = [...failures].map(([{ name }, { message }]) => `${name}: ${message}`).join("; ");
    return new ExecutorError(codeOf(last.fault), `${model}: ${said}`.slice(0, 600), { cause: last });
  };

  /** Where the artifact is none, or another model's. */
  const refuse = ({ artifact }: ExecutionTask): ExecutionResult => {
    if (!isManifest(artifact)) return ended(ExecutionStatus.BadModule, 0n);
    throw new ExecutorError("ArtifactMismatch", `This executor runs ${artifactDigest} only: configure the other model`);
  };

  const execute: Executor["execute"] = async (task, input, limits, signal) => {
    signal?.throwIfAborted();
    checkLimits(limits);
    checkArtifact(task);
    if (task.artifactDigest.toLowerCase() !== artifactDigest) return refuse(task);
    const asked = readInput(input, manifest);
    if (asked === undefined) return ended(ExecutionStatus.BadInput, 0n);
    if (asked.kind === "image" && BigInt(fuelOfImage(asked)) > limits.fuel)
      return ended(ExecutionStatus.OutOfFuel, limits.fuel);
    const startMs = clock.now();
    const timeout = (): ExecutorError =>
      new ExecutorError("Timeout", `${model}: no server answered within ${limits.timeoutMs} ms`);
    const result = await within(clock, limits.timeoutMs, timeout, signal, (ending) => serve(asked, limits, ending));
    count.answered(result.status, clock.now() - startMs);
    return result;
  };

  return {
    manifest,
    execute,
    check: (signal) => trust.check(signal),
    capabilities: () =>
      Promise.resolve({
        kind: manifest.kind,
        runtimeDigest: modelRuntimeDigest(manifest),
        artifactDigests: [artifactDigest],
        concurrency: pool.backends.reduce((acc, one) => acc + one.concurrency, 0),
        isolation: ["no-guest-code"],
        warnings:
          manifest.check === undefined
            ? [`The manifest of ${model} has no check question, so a server that runs another model is not noticed.`]
            : [],
      }),
  };
};
