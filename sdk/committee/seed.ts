import { concatHex, type Hex, keccak256 } from "viem";
import { checkBytes, toWord } from "../words/hex.ts";

/**
 * seed = keccak256(abi.encode(randomness, requestId, level)). `randomness` is the low 216 bits of sha256 of the round's
 * signature; `level` is 0 for the committee, 1 and up for panels.
 */
export function seedOf(randomness: bigint, requestId: Hex, level: bigint): Hex {
  return keccak256(concatHex([toWord(randomness), checkBytes("requestId", requestId, 32), toWord(level)]));
}
