/** A result in the form in which a settlement shows it, and whether it stands behind a digest. */
import { type Hex, keccak256 } from "viem";
import { digestOf } from "../../sdk/agreement/digest.ts";
import { flagBundle, hasFlag } from "../../sdk/words/flags.ts";
import { statusSuccess, statusSuccessByHash } from "../../sdk/words/head.ts";
import { byteLength } from "../../sdk/words/hex.ts";
import type { RequestFields } from "../../sdk/words/request.ts";

/** Status, usage, and what goes on chain as the output. */
export type Result = { readonly status: bigint; readonly usage: bigint; readonly output: Hex };

/** Whether a settlement of the request with this result has this digest. Equals `EscrowSettlement._digestOf`. */
export const isResultOf = (
  { flags, maxOutputBytes }: Pick<RequestFields, "flags" | "maxOutputBytes">,
  digest: Hex,
  { status, usage, output }: Result,
): boolean => {
  const length = byteLength("output", output);
  if (hasFlag(flags, flagBundle)) return status === statusSuccess && usage === 0n && output === digest;
  const isFitting =
    status === statusSuccess ? BigInt(length) <= maxOutputBytes : length === (status === statusSuccessByHash ? 32 : 0);
  if (!isFitting) return false;
  const outputHash = status === statusSuccessByHash ? output : keccak256(output);
  return digestOf({ status, usage, outputHash }) === digest;
};
