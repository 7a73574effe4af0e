import { concatHex, type Hex, keccak256 } from "viem";
import { checkBytes, toWord } from "../words/hex.ts";

/** leaf = keccak256(bytes.concatHex(keccak256(abi.encode(uint256 index, bytes32 value)))): `value` is an item's digest or input hash. */
export function merkleLeaf(index: bigint, value: Hex): Hex {
  return keccak256(keccak256(concatHex([toWord(index), checkBytes("value", value, 32)])));
}
