/** Fewer jurors are no panel. */
export const leastPanel = 7;
/** No panel has more seats. */
export const mostPanel = 63;

/** Seats of the panel of a level, 1 or 2, for a committee of `k`: k1 = max(panelMin, 2k + 1), k2 = 2 * k1 + 1, at most 63. */
export function panelSeats(level: 1 | 2, k: number, panelMin: number): number {
  const first = Math.max(panelMin, 2 * k + 1);
  return Math.min(mostPanel, level === 1 ? first : 2 * first + 1);
}

/** Jurors of `n` that decide: floor(2n / 3) + 1. */
export function panelThreshold(n: number): number {
  return Math.floor((2 * n) / 3) + 1;
}
