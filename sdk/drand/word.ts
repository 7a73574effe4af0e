import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToBigInt, type Hex, hexToBytes } from "viem";

const postedAtBits = 40n;
const randomnessBits = 216n;

/** What a word of a round says: 216 bits of randomness, and the block time (Unix seconds) at which it was posted. */
export type BeaconWord = { readonly randomness: bigint; readonly postedAtS: bigint };

/** Randomness of the protocol: the low 216 bits of sha256(signature). */
export function randomnessOf(signature: Hex): bigint {
  return BigInt.asUintN(Number(randomnessBits), bytesToBigInt(sha256(hexToBytes(signature))));
}

/** The word as the beacon contract hands it to its sink: randomness(216) | postedAt(40). Throws if a part does not fit. */
export function packWord({ randomness, postedAtS }: BeaconWord): bigint {
  if (randomness < 0n || randomness >> randomnessBits !== 0n)
    throw new RangeError("Randomness has more than 216 bits.");
  if (postedAtS < 0n || postedAtS >> postedAtBits !== 0n)
    throw new RangeError(`Time ${postedAtS} does not fit 40 bits.`);
  return (randomness << postedAtBits) | postedAtS;
}

/** The parts of a stored word, or undefined for zero: a round that is not stored. */
export function unpackWord(word: bigint): BeaconWord | undefined {
  if (word === 0n) return undefined;
  return { randomness: word >> postedAtBits, postedAtS: BigInt.asUintN(Number(postedAtBits), word) };
}
