/** What all executors look at before they execute anything. */
import { sha256 } from "../runtime/sha256.ts";
import {
  ExecutorError,
  type ExecutionLimits,
  type ExecutionResult,
  type ExecutionStatus,
  type ExecutionTask,
} from "./executor.ts";

const mebibyte = 1024 * 1024;

/** An execution that ended without an output. */
export function ended(status: ExecutionStatus, usage: bigint): ExecutionResult {
  return { status, usage, output: new Uint8Array() };
}

/** Throws ArtifactMismatch unless the artifact is the registered one. */
export function checkArtifact({ artifact, artifactDigest }: ExecutionTask): void {
  const digest = sha256(artifact);
  if (digest === artifactDigest.toLowerCase()) return;
  throw new ExecutorError(
    "ArtifactMismatch",
    `The artifact's sha256 is ${digest}, not ${artifactDigest}: fetch it again`,
  );
}

/** Throws InvalidLimits with the names of those that are out of range. */
export function checkLimits(limits: ExecutionLimits): void {
  const within = (value: number, low: number, high: number): boolean =>
    Number.isSafeInteger(value) && value >= low && value <= high;
  const checks: readonly (readonly [keyof ExecutionLimits, boolean])[] = [
    ["fuel", limits.fuel >= 1n && limits.fuel <= 2n ** 62n],
    ["memoryBytes", within(limits.memoryBytes, 0, 2 ** 32)],
    ["hardOutputBytes", within(limits.hardOutputBytes, 0, 64 * mebibyte)],
    ["maxOutputBytes", within(limits.maxOutputBytes, 0, limits.hardOutputBytes)],
    ["callDepth", within(limits.callDepth, 1, 16_384)],
    ["timeoutMs", within(limits.timeoutMs, 1, 2 ** 31 - 1)],
  ];
  const broken = checks.filter(([, isFine]) => !isFine).map(([name]) => name);
  if (broken.length > 0) throw new ExecutorError("InvalidLimits", `Limits out of range: ${broken.join(", ")}`);
}
