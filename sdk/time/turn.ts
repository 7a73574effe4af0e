/** How long one member's turn to settle lasts, seconds. */
export const turnS = 12n;

/**
 * Whose turn it is to settle: floor((now - T0) / 12 s) mod (k + 1). Turn i < k belongs to the i-th member drawn, turn k is
 * open to all. A convention of keepers, not a rule of the chain. Before T0 it is the first member's.
 */
export function turnAt(startS: bigint, nowS: bigint, k: bigint, lengthS: bigint = turnS): bigint {
  return nowS <= startS ? 0n : ((nowS - startS) / lengthS) % (k + 1n);
}
