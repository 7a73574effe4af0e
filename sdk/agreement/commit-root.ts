import { concatHex, type Hex, keccak256 } from "viem";
import { checkBytes } from "../words/hex.ts";

/** commitRoot = keccak256 of the leaves of the committed members, concatenated in draw order. */
export function commitRootOf(leaves: readonly Hex[]): Hex {
  return keccak256(concatHex(leaves.map((leaf) => checkBytes("leaf", leaf, 32))));
}
