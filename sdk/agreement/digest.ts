import { concatHex, type Hex, keccak256 } from "viem";
import { checkWidth } from "../words/fields.ts";
import { checkBytes, toWord } from "../words/hex.ts";

/** What an execution gave: a status code (0 success, see `head.ts`), what it used, and keccak256 of its output. */
export type Execution = { readonly status: bigint; readonly usage: bigint; readonly outputHash: Hex };

/** digest = keccak256(abi.encode(uint8 status, uint64 usage, keccak256(output))). A failure has the hash of an empty output. */
export function digestOf({ status, usage, outputHash }: Execution): Hex {
  const parts = [toWord(checkWidth("status", status, 8)), toWord(checkWidth("usage", usage, 64))];
  return keccak256(concatHex([...parts, checkBytes("outputHash", outputHash, 32)]));
}
