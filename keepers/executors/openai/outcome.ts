/** From answers to outcomes: what a committee agrees on. */
import { hexToBytes, keccak256 } from "viem";
import { ExecutionStatus, type ExecutionLimits, type ExecutionResult } from "../executor.ts";
import { ended } from "../preconditions.ts";
import type { TextAnswer } from "./text.ts";

type Limits = Pick<ExecutionLimits, "fuel" | "maxOutputBytes" | "hardOutputBytes">;

/** Bytes before the text of an answer: the hash of its token ids. */
export const tokenHashBytes = 32;

/** keccak256 of token ids, each 4 bytes, most significant first; of no bytes where the server tells none. */
export const tokenHash = (ids: readonly number[]): Uint8Array => {
  const bytes = new DataView(new ArrayBuffer(4 * ids.length));
  ids.forEach((id, i) => bytes.setUint32(4 * i, id));
  return hexToBytes(keccak256(new Uint8Array(bytes.buffer)));
};

/** An output within its bounds; fuel counts first, so that it never matters how far an answer came. */
export const conclude = (used: number, output: Uint8Array | undefined, limits: Limits): ExecutionResult => {
  const usage = BigInt(used);
  if (usage > limits.fuel) return ended(ExecutionStatus.OutOfFuel, limits.fuel);
  if (output === undefined || output.length > limits.hardOutputBytes)
    return ended(ExecutionStatus.OutputTooLong, usage);
  const isLong = output.length > limits.maxOutputBytes;
  return { status: isLong ? ExecutionStatus.SuccessLong : ExecutionStatus.Success, usage, output };
};

/** The outcome of a text: the hash of its token ids, then the text in UTF-8. */
export const concludeText = (answer: TextAnswer, limits: Limits): ExecutionResult => {
  const { text, ids, promptTokens, completionTokens } = answer;
  const output = text === undefined ? undefined : Buffer.concat([tokenHash(ids), Buffer.from(text, "utf8")]);
  return conclude(promptTokens + completionTokens, output && new Uint8Array(output), limits);
};
