/**
 * The port behind which every kind of computation is executed.
 *
 * An execution either ends with a status, usage and output that are the same on every honest machine, or it rejects
 * with an `ExecutorError`, which says nothing about the task: the caller may try again, and must never attest to it.
 */

/** How an execution ended, as committed to on chain (uint8). Numbers are never reused. */
export const ExecutionStatus = {
  /** The output is complete and no longer than `maxOutputBytes`. */
  Success: 0,
  /** The output is complete but longer than `maxOutputBytes`: the chain gets its hash only. */
  SuccessLong: 1,
  /** The fuel limit was reached; usage equals the limit. */
  OutOfFuel: 2,
  /** More memory was asked for than `memoryBytes` allows, and the program gave up. */
  OutOfMemory: 3,
  /** The program failed by itself: an illegal operation, or an exit code other than 0 and 2. */
  Trap: 4,
  /** The output exceeded `hardOutputBytes`. */
  OutputTooLong: 5,
  /** The program refused its input (exit code 2), or the input is longer than any executor takes. */
  BadInput: 6,
  /** The artifact is not something that this executor runs. */
  BadModule: 7,
  /** Calls were nested deeper than `callDepth` allows. */
  CallDepth: 8,
} as const;
export type ExecutionStatus = (typeof ExecutionStatus)[keyof typeof ExecutionStatus];

/** What to execute. Executors MUST refuse with `ExecutorError` an artifact whose sha256 is not `artifactDigest`. */
export type ExecutionTask = {
  readonly artifact: Uint8Array;
  /** sha256 of the artifact, as registered on chain. */
  readonly artifactDigest: `0x${string}`;
};

/** Bounds of one execution. All except `timeoutMs` are part of the task's definition: they decide the outcome. */
export type ExecutionLimits = {
  /** Units of usage, 1..2^62. */
  readonly fuel: bigint;
  /** Memory the program may address, up to 4 GiB; rounded down to whole 64 KiB pages. */
  readonly memoryBytes: number;
  /** Longest output that goes on chain whole. */
  readonly maxOutputBytes: number;
  /** Longest output at all, >= maxOutputBytes. */
  readonly hardOutputBytes: number;
  /** Call frames of ordinary size (256 bytes) that may be nested, 1..16384; larger frames count more. */
  readonly callDepth: number;
  /** Wall-clock time after which the executor gives up. Not an outcome: rejects with `Timeout`. */
  readonly timeoutMs: number;
};

/** What every honest machine agrees on. */
export type ExecutionResult = {
  readonly status: ExecutionStatus;
  /** Units used, at most `limits.fuel`. */
  readonly usage: bigint;
  /** Empty unless the status is `Success` or `SuccessLong`. */
  readonly output: Uint8Array;
  /** Proof of where it ran, for executors that have one. Not part of what machines agree on. */
  readonly evidence?: Uint8Array;
};

/** What an executor offers and how strongly it is isolated here. */
export type ExecutorCapabilities = {
  readonly kind: string;
  /** Identifies everything that must be equal for outputs to be equal. */
  readonly runtimeDigest: `0x${string}`;
  /** sha256 of the only artifacts that it runs, where it does not run any of its kind. */
  readonly artifactDigests?: readonly `0x${string}`[];
  /** Executions that it takes at a time, where something else than this machine's processors bounds them. */
  readonly concurrency?: number;
  /** How guests are confined; `no-guest-code` where no code of strangers runs. */
  readonly isolation: readonly string[];
  /** Sentences for the operator; empty when nothing is amiss. */
  readonly warnings: readonly string[];
};

/** Every adapter MUST pass the conformance suite of the tests. */
export type Executor = {
  capabilities(): Promise<ExecutorCapabilities>;
  /** @throws ExecutorError when this machine could not tell the outcome; the reason of `signal` when it was aborted. */
  execute(
    task: ExecutionTask,
    input: Uint8Array,
    limits: ExecutionLimits,
    signal?: AbortSignal,
  ): Promise<ExecutionResult>;
};

/** Why a machine could not tell the outcome of an execution. */
export type ExecutorErrorCode =
  | "ArtifactMismatch"
  | "InvalidLimits"
  | "Timeout"
  | "SandboxFailed"
  | "SandboxMissing"
  /** No server of the model could be reached, or none is fit: see the log. */
  | "BackendUnavailable"
  /** A server's answer was not that of an honest one. */
  | "BackendMisbehaved"
  /** A server refuses the request; nothing says that others would, too. */
  | "BackendRefused";

/** Something outside the task went wrong. Nothing about the task follows from it. */
export class ExecutorError extends Error {
  override readonly name = "ExecutorError";
  readonly code: ExecutorErrorCode;

  constructor(code: ExecutorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
