/**
 * What became of one vector: each check by its name, true if it came out as it must, and notes on what was not checked, which
 * count for nothing.
 */
export type VectorResult = {
  readonly name: string;
  readonly notes?: readonly string[];
  readonly checks: Readonly<Record<string, boolean>>;
};

/** One kind of vectors. `run` yields a result per vector; it throws a `VectorFileError` on a source it cannot read. */
export type VectorSuite = {
  readonly name: string;
  readonly run: (say: (line: string) => void) => AsyncIterable<VectorResult>;
};

/** A file of vectors that cannot be read or is not of the documented form. The message says which file and what to do. */
export class VectorFileError extends Error {
  override readonly name = "VectorFileError";
}

/** Whether a vector came out as it must. */
export function isPassed({ checks }: VectorResult): boolean {
  return Object.values(checks).every((check) => check);
}

/** One line: name, notes, and each check with its outcome. */
export function lineOf({ name, notes = [], checks }: VectorResult): string {
  return [
    name,
    ...notes,
    ...Object.entries(checks).map(([check, passed]) => `${check} ${passed ? "ok" : "FAILED"}`),
  ].join("  ");
}
