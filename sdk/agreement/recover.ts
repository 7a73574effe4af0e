import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { type Address, bytesToHex, getAddress, type Hex, hexToBigInt, hexToBytes, slice } from "viem";
import { byteLength } from "../words/hex.ts";
import { halfOrder } from "./compact-signature.ts";

/**
 * The signer of `hash` (32 bytes) by a 64-byte signature (EIP-2098), or undefined where `Attestations.recover` gives the
 * zero address: not 64 bytes, s in the upper half, or no point of the curve.
 */
export function recoverSigner(hash: Hex, compact: Hex): Address | undefined {
  if (!isBytes(compact, 64) || !isBytes(hash, 32)) return undefined;
  const yParityAndS = hexToBigInt(slice(compact, 32));
  const r = hexToBigInt(slice(compact, 0, 32));
  const s = BigInt.asUintN(255, yParityAndS);
  const { n } = secp256k1.Point.CURVE();
  if (r === 0n || r >= n || s === 0n || s > halfOrder) return undefined;
  try {
    const signature = new secp256k1.Signature(r, s, Number(yParityAndS >> 255n));
    const key = signature.recoverPublicKey(hexToBytes(hash)).toBytes(false);
    return getAddress(bytesToHex(keccak_256(key.subarray(1)).subarray(12)));
  } catch {
    return undefined; // r is no x-coordinate of the curve, or the recovered point is at infinity
  }
}

function isBytes(value: Hex, bytes: number): boolean {
  try {
    return byteLength("value", value) === bytes;
  } catch {
    return false;
  }
}
