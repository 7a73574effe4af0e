import { type Hex, hexToBigInt, numberToHex, slice } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";
import { checkBytes } from "../words/hex.ts";

/** Half the order of secp256k1: a higher s is the malleable twin of a signature. */
export const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** EIP-2098: packs a 65-byte signature (r, s, v as 0, 1, 27 or 28) into r, then the parity of v and s. Throws InvalidValueError. */
export function compactSignature(signature: Hex): Hex {
  checkBytes("signature", signature, 65);
  const s = hexToBigInt(slice(signature, 32, 64));
  const v = hexToBigInt(slice(signature, 64, 65));
  const parity = v >= 27n ? v - 27n : v;
  if (parity > 1n) throw new InvalidValueError("signature", `its v is ${v}, not 0, 1, 27 or 28.`);
  if (s > halfOrder) throw new InvalidValueError("signature", "its s is in the upper half of the curve's order.");
  return `${slice(signature, 0, 32)}${numberToHex((parity << 255n) | s, { size: 32 }).slice(2)}`;
}

/** The 65-byte form (v 27 or 28) of a 64-byte signature. Throws InvalidValueError for another length. */
export function expandSignature(compact: Hex): Hex {
  const yParityAndS = hexToBigInt(slice(checkBytes("signature", compact, 64), 32));
  const s = numberToHex(BigInt.asUintN(255, yParityAndS), { size: 32 });
  return `${slice(compact, 0, 32)}${s.slice(2)}${yParityAndS >> 255n === 0n ? "1b" : "1c"}`;
}
