import { demand } from "./evidence-error.ts";

/** From when until when something is valid, both included, in unix seconds. */
export type Validity = { readonly from: number; readonly until: number };

/** Throws an EvidenceError unless the clock is within. */
export function within(
  { from, until }: Validity,
  at: number,
  what: string,
  kind: "certificate" | "crl" | "collateral",
) {
  demand(at >= from, `${kind}-not-yet-valid`, `${what} is valid from ${dateOf(from)}; it is ${dateOf(at)}.`);
  demand(at <= until, `${kind}-expired`, `${what} was valid until ${dateOf(until)}; it is ${dateOf(at)}.`);
}

/** The time in which all are valid. */
export function intersectionOf(validities: readonly Validity[]): Validity {
  return {
    from: Math.max(...validities.map(({ from }) => from)),
    until: Math.min(...validities.map(({ until }) => until)),
  };
}

/** Unix seconds as 2026-01-31T12:00:00Z. */
export function dateOf(seconds: number): string {
  const date = new Date(1000 * seconds);
  return Number.isNaN(date.getTime()) ? `second ${seconds}` : date.toISOString().replace(".000Z", "Z");
}
