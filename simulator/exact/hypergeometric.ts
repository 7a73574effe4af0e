import { choose } from "./binomial.ts";

/** A pool of `nodes`, of whom `marked` are of one kind. */
export type Pool = { readonly nodes: number; readonly marked: number };

/** Probability that exactly x of k distinct nodes drawn from the pool are marked. */
export function hypergeometric({ nodes, marked }: Pool, k: number, x: number): number {
  return (choose(marked, x) * choose(nodes - marked, k - x)) / choose(nodes, k);
}

/** Probability that at least x of k are marked. */
export function hypergeometricTail(pool: Pool, k: number, x: number): number {
  let sum = 0;
  for (let i = k; i >= x; i--) sum += hypergeometric(pool, k, i);
  return sum;
}
