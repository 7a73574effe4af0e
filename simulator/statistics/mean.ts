import type { Estimate } from "./estimate.ts";

/** Collects observations of one figure. */
export type Mean = { readonly add: (value: number) => void; readonly estimate: () => Estimate };

/** A running mean with its standard error (Welford's sums). */
export function makeMean(): Mean {
  let [count, mean, squares] = [0, 0, 0];
  return {
    add: (value) => {
      count += 1;
      const step = value - mean;
      mean += step / count;
      squares += step * (value - mean);
    },
    estimate: () => ({
      mean,
      standardError: count < 2 ? Infinity : Math.sqrt(squares / (count - 1) / count),
      observations: count,
    }),
  };
}
