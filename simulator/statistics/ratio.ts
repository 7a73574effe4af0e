import type { Estimate } from "./estimate.ts";

/** Collects pairs, such as the profit and the seats of one request. */
export type Ratio = { readonly add: (above: number, below: number) => void; readonly estimate: () => Estimate };

/** The ratio of two sums with its standard error (linearised: the spread of above - ratio * below). */
export function makeRatio(): Ratio {
  let [count, above, below, aboveSquared, belowSquared, product] = [0, 0, 0, 0, 0, 0];
  const estimate = (): Estimate => {
    const mean = above / below;
    const spread = aboveSquared - 2 * mean * product + mean * mean * belowSquared;
    const variance = Math.max(0, spread) * (count / (count - 1));
    return { mean, standardError: Math.sqrt(variance) / Math.abs(below), observations: count };
  };
  const add = (x: number, y: number): void => {
    count += 1;
    above += x;
    below += y;
    aboveSquared += x * x;
    belowSquared += y * y;
    product += x * y;
  };
  return { add, estimate };
}
