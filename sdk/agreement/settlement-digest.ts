import { type Hex, keccak256 } from "viem";
import { flagBundle, hasFlag } from "../words/flags.ts";
import { type HeadFields, statusSuccess, statusSuccessByHash } from "../words/head.ts";
import { byteLength } from "../words/hex.ts";
import type { RequestFields } from "../words/request.ts";
import { digestOf } from "./digest.ts";

/** What an answer consists of on chain. */
export type Answer = Pick<HeadFields, "status" | "usage"> & { readonly output: Hex };

/**
 * The digest that an answer stands for, or undefined where settlement refuses it with `InvalidOutput`: a bundle's output
 * is its root under status and usage 0; a success by hash has 32 bytes, a failure none, a success at most maxOutput.
 */
export function settlementDigest(
  { flags, maxOutputBytes }: Pick<RequestFields, "flags" | "maxOutputBytes">,
  { status, usage, output }: Answer,
): Hex | undefined {
  const length = byteLength("output", output);
  if (hasFlag(flags, flagBundle)) return status === statusSuccess && usage === 0n && length === 32 ? output : undefined;
  if (status === statusSuccessByHash)
    return length === 32 ? digestOf({ status, usage, outputHash: output }) : undefined;
  const longest = status === statusSuccess ? maxOutputBytes : 0n;
  return BigInt(length) <= longest ? digestOf({ status, usage, outputHash: keccak256(output) }) : undefined;
}
