/** Whether a server runs the very model of a manifest: it lists it, and answers the manifest's question as it must. */
import type { ModelManifest } from "../../models/manifest.ts";
import { ExecutionStatus, type ExecutionLimits } from "../executor.ts";
import { sha256 } from "../../runtime/sha256.ts";
import { askServer, listModels, type Server } from "./ask.ts";
import { BackendError } from "./fault.ts";
import { readInput } from "./input.ts";

/** What the check question is answered under: no bound that any manifest's answer reaches. */
export const checkLimits: Pick<ExecutionLimits, "fuel" | "maxOutputBytes" | "hardOutputBytes"> = {
  fuel: 2n ** 62n,
  maxOutputBytes: 1_048_576,
  hardOutputBytes: 1_048_576,
};

export type Examined = {
  readonly fingerprint: string | undefined;
  /** False where the manifest has no question: then nothing but the name is known. */
  readonly isProven: boolean;
};

const noOutput = `the output for the check question is longer than ${checkLimits.hardOutputBytes} bytes, which nodes use none of: ask for a shorter answer, or a smaller image`;

/** sha256 of the output for an input, as `check.outputSha256` of a manifest has it: 64 hex digits. */
export const outputSha256 = async (
  server: Server,
  manifest: ModelManifest,
  input: string,
  signal: AbortSignal,
): Promise<{ readonly sha256: string; readonly output: Uint8Array; readonly fingerprint: string | undefined }> => {
  const asked = readInput(new TextEncoder().encode(input), manifest);
  if (asked === undefined)
    throw new BackendError("refuses", "the manifest's check question is no input that its nodes take");
  const { result, fingerprint } = await askServer({ server, manifest, signal }, asked, checkLimits);
  if (result.status !== ExecutionStatus.Success && result.status !== ExecutionStatus.SuccessLong)
    throw new BackendError("otherModel", noOutput);
  return { sha256: sha256(result.output).slice(2), output: result.output, fingerprint };
};

/** Looks. Rejects with BackendError where the server is not to be used, or with the reason of the signal. */
export const examineServer = async (
  server: Server,
  manifest: ModelManifest,
  signal: AbortSignal,
): Promise<Examined> => {
  const names = await listModels(server, signal);
  if (!names.includes(server.servedAs)) {
    const there = names.length === 0 ? "none" : names.slice(0, 5).join(", ");
    throw new BackendError("otherModel", `it has no model ${server.servedAs}, but ${there}`.slice(0, 300));
  }
  const { check } = manifest;
  if (check === undefined) return { fingerprint: undefined, isProven: false };
  const { sha256: found, fingerprint } = await outputSha256(server, manifest, check.input, signal);
  if (found !== check.outputSha256)
    throw new BackendError(
      "otherModel",
      `it serves another model than ${manifest.name}, or runs it otherwise than the manifest says: the check question's output has sha256 ${found}`,
    );
  return { fingerprint, isProven: true };
};
