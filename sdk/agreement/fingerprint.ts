import { type Hex, keccak256 } from "viem";

/** What disputes keep of a digest: the top 192 bits of its keccak256. Equals `contracts/types/Fingerprint.sol`. */
export function fingerprintOf(digest: Hex): bigint {
  return BigInt(keccak256(digest)) >> 64n;
}
