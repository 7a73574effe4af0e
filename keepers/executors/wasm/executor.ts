import { createHash } from "node:crypto";
import { sha256 } from "../../runtime/sha256.ts";
import {
  ExecutionStatus,
  ExecutorError,
  type ExecutionLimits,
  type ExecutionResult,
  type ExecutionTask,
  type Executor,
} from "../executor.ts";
import { checkArtifact, checkLimits, ended } from "../preconditions.ts";
import { BadModuleError } from "./bad-module.ts";
import { bounds, pageBytes } from "./bounds.ts";
import { hostFunctions } from "./host-functions.ts";
import { costs, describeInstructions } from "./instructions.ts";
import type { MeteredModule } from "./meter.ts";
import { makeModuleCache } from "./module-cache.ts";
import { runChild, type ChildReply } from "./process.ts";
import { findSandbox, type Sandbox } from "./sandbox.ts";

/** Version of the metering rules that no table shows: stretches, depth units, the host's behaviour. */
const rulesVersion = 1;
const mebibyte = 1024 * 1024;

export type WasmExecutorDeps = {
  /** How children are confined; found by trying when absent. */
  readonly sandbox?: Sandbox;
  /** Metered code kept for later executions. Default 64 MiB. */
  readonly cacheBytes?: number;
};

/** Makes the executor of WebAssembly modules: metered by rewriting, run once in a disposable process. */
export function makeWasmExecutor({ sandbox: given, cacheBytes = 64 * mebibyte }: WasmExecutorDeps = {}): Executor {
  const cache = makeModuleCache(cacheBytes);
  let sandbox = given;

  function confinement(): Sandbox {
    sandbox ??= findSandbox();
    return sandbox;
  }

  function capabilities() {
    const { isolation, warnings } = confinement();
    return Promise.resolve({ kind: "wasm", runtimeDigest: runtimeDigest(), isolation, warnings });
  }

  async function execute(
    task: ExecutionTask,
    input: Uint8Array,
    limits: ExecutionLimits,
    signal?: AbortSignal,
  ): Promise<ExecutionResult> {
    signal?.throwIfAborted();
    checkLimits(limits);
    checkArtifact(task);
    if (input.length > bounds.inputBytes) return ended(ExecutionStatus.BadInput, 0n);
    const pages = Math.floor(limits.memoryBytes / pageBytes);
    const module = cache.get(task.artifact, task.artifactDigest.toLowerCase(), pages);
    if (module instanceof BadModuleError) return ended(ExecutionStatus.BadModule, 0n);
    if (module.initialPages > pages) return ended(ExecutionStatus.OutOfMemory, 0n);
    if (module.startFuel > limits.fuel) return ended(ExecutionStatus.OutOfFuel, limits.fuel);
    return conclude(await runModule(confinement(), module, input, limits, signal), limits);
  }

  return { capabilities, execute };
}

function runModule(
  sandbox: Sandbox,
  module: MeteredModule,
  input: Uint8Array,
  limits: ExecutionLimits,
  signal?: AbortSignal,
): Promise<ChildReply> {
  const settings = {
    fuel: String(limits.fuel - module.startFuel),
    callDepth: limits.callDepth,
    hardOutputBytes: limits.hardOutputBytes,
    hostCall: costs.hostCall,
    hostBytesPerUnit: costs.hostBytesPerUnit,
    seed: [...createHash("sha256").update(input).digest()],
  };
  return runChild({
    command: sandbox.command(limits.memoryBytes, Math.ceil(limits.timeoutMs / 250) + 10), // four threads may be at work
    frames: [new TextEncoder().encode(JSON.stringify(settings)), module.bytes, input],
    timeoutMs: limits.timeoutMs,
    maxReplyBytes: limits.hardOutputBytes + 1_000,
    signal,
  });
}

function conclude(reply: ChildReply, limits: ExecutionLimits): ExecutionResult {
  const status = Object.values(ExecutionStatus).find((known) => known === reply.status);
  const usage = limits.fuel - reply.fuelLeft;
  if (status === undefined || usage < 0n) throw new ExecutorError("SandboxFailed", "The child's reply makes no sense");
  if (status === ExecutionStatus.OutOfFuel) return ended(status, limits.fuel);
  if (status !== ExecutionStatus.Success) return ended(status, usage);
  const isLong = reply.output.length > limits.maxOutputBytes;
  return { status: isLong ? ExecutionStatus.SuccessLong : status, usage, output: reply.output };
}

/** sha256 over every rule that decides outcomes: prices, instructions, bounds, host functions. */
export function runtimeDigest(): `0x${string}` {
  return sha256(
    new TextEncoder().encode(JSON.stringify([rulesVersion, describeInstructions(), bounds, hostFunctions])),
  );
}
