import { type Address, concatHex, type Hex, keccak256 } from "viem";
import { checkBytes, toWord } from "../words/hex.ts";

/** What was recorded by whom, or settled: then the settler has its tip, and zero stands in its place. */
export type OutcomeInput = {
  readonly requestId: Hex;
  readonly digest: Hex;
  readonly head: bigint;
  readonly settler: Address;
};

/**
 * outcome = keccak256(abi.encode(requestId, digest, head, settler)): what a slot keeps the top 216 (recorded) or 152 (settled) bits of,
 * and what `finalize` and `retryCallback` are checked against.
 */
export function outcomeOf({ requestId, digest, head, settler }: OutcomeInput): Hex {
  const words = [checkBytes("requestId", requestId, 32), checkBytes("digest", digest, 32), toWord(head)];
  return keccak256(concatHex([...words, toWord(BigInt(checkBytes("settler", settler, 20)))]));
}
