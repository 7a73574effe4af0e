import type { Hex } from "viem";

/** Whether two byte strings are equal. They are public: the comparison need not take constant time. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether all bytes are zero. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** An unsigned little-endian integer of at most six bytes. */
export function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => 256 * value + byte, 0);
}

/** An unsigned big-endian integer of at most six bytes. */
export function bigEndian(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => 256 * value + byte, 0);
}

/** The bytes bit by bit where the mask has ones. The result is as long as the mask. */
export function masked(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  return mask.map((byte, i) => byte & (bytes[i] ?? 0));
}

/** `0x` and lower-case digits. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Bytes of hex digits of any case, with no prefix; undefined for anything else. */
export function fromHexDigits(digits: string): Uint8Array | undefined {
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
