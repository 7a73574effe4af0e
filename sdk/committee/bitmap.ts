import { InvalidValueError } from "../errors/invalid-value.ts";

/** Number of set bits of a non-negative number. Equals `countBits` for 32-bit values. */
export function countBits(bitmap: bigint): bigint {
  if (bitmap < 0n) throw new InvalidValueError("bitmap", "it is negative.");
  let count = 0n;
  for (let rest = bitmap; rest !== 0n; rest &= rest - 1n) count++; // clears the lowest set bit
  return count;
}

/** Whether bit `index` is set: bit i is the i-th member drawn, from 0. */
export function hasBit(bitmap: bigint, index: number): boolean {
  return ((bitmap >> BigInt(index)) & 1n) === 1n;
}

/** The bitmap with the given bits set. */
export function bitmapOf(indices: Iterable<number>): bigint {
  let bitmap = 0n;
  for (const index of indices) bitmap |= 1n << BigInt(index);
  return bitmap;
}

/** The set bits, ascending. */
export function indicesOf(bitmap: bigint): number[] {
  const indices: number[] = [];
  for (let index = 0, rest = bitmap; rest > 0n; index++, rest >>= 1n) if ((rest & 1n) === 1n) indices.push(index);
  return indices;
}

/** Whether every bit of `part` is set in `whole`. */
export function isSubset(part: bigint, whole: bigint): boolean {
  return (part & ~whole) === 0n;
}
