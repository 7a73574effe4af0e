/** A figure with the standard error of its mean, and how many observations it comes from. */
export type Estimate = { readonly mean: number; readonly standardError: number; readonly observations: number };

/** Half of a 95% interval, in standard errors. */
export const intervalErrors = 1.96;

/** Half the width of the 95% interval. */
export function errorBar({ standardError }: Estimate): number {
  return intervalErrors * standardError;
}

/** Whether a value lies within so many standard errors of the estimate. */
export function isWithin(value: number, { mean, standardError }: Estimate, errors: number): boolean {
  return Math.abs(value - mean) <= errors * standardError + 1e-12 * Math.abs(value);
}

/** Estimate times a constant. */
export function scaled({ mean, standardError, observations }: Estimate, factor: number): Estimate {
  return { mean: mean * factor, standardError: standardError * Math.abs(factor), observations };
}
