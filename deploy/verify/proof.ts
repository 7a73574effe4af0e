/** One thing that was looked at. */
export type Proof = {
  readonly title: string;
  /** What was found instead; undefined where the title holds. */
  readonly fault: string | undefined;
  /** What a reader should know although it holds. */
  readonly note?: string;
};

/** A title that holds, or what was found instead. */
export const proof = (title: string, holds: boolean, fault: string, note?: string): Proof => ({
  title,
  fault: holds ? undefined : fault,
  ...(note === undefined ? {} : { note }),
});

/** A title that holds if there are no faults. */
export const proofOf = (title: string, faults: readonly string[], note?: string): Proof =>
  proof(title, faults.length === 0, faults.join("; "), note);

/** One line for each proof, and the sum. */
export function proofLines(proofs: readonly Proof[]): string[] {
  const failed = proofs.filter(({ fault }) => fault !== undefined).length;
  const lines = proofs.map(({ title, fault, note }) => {
    if (fault !== undefined) return `FAILED  ${title}: ${fault}`;
    return `proved  ${title}${note === undefined ? "" : ` (${note})`}`;
  });
  return [...lines, `${proofs.length - failed} proved, ${failed} failed`];
}
