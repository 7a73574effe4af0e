import { type Address, getAddress, type Hex, toHex } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";

/** A number as 32 bytes of hex. Throws InvalidValueError outside 0..2^256 - 1. */
export function toWord(value: bigint): Hex {
  if (value < 0n || value >> 256n !== 0n) throw new InvalidValueError("word", `${value} does not fit 256 bits.`);
  return toHex(value, { size: 32 });
}

/** The address in the low 160 bits of a number, with its checksum. */
export function toAddress(value: bigint): Address {
  return getAddress(toHex(BigInt.asUintN(160, value), { size: 20 }));
}

/** Length of a hex string in bytes. Throws InvalidValueError unless it is `0x` and whole bytes. */
export function byteLength(field: string, value: Hex): number {
  if (value.length % 2 !== 0 || !/^0x[0-9a-fA-F]*$/.test(value))
    throw new InvalidValueError(field, "it is not hex of whole bytes.");
  return value.length / 2 - 1;
}

/** Returns `value` if it is hex of exactly `bytes` bytes, else throws InvalidValueError. */
export function checkBytes(field: string, value: Hex, bytes: number): Hex {
  const length = byteLength(field, value);
  if (length === bytes) return value;
  throw new InvalidValueError(field, `it has ${length} bytes, not ${bytes}.`);
}
