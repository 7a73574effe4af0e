/** A result as the model sees it: results agree when their numbers are equal. */
export type Digest = number;

/** What an attestation says, or undefined for a seat that attested nothing that counts. */
export type Vote = Digest | undefined;

/** The result that whoever computes gets. */
export const truth: Digest = 0;

/** Attestations per digest, the most frequent first; ties keep the order in which they came. */
export function tallyOf(votes: readonly Vote[]): readonly (readonly [digest: Digest, count: number])[] {
  const counts = new Map<Digest, number>();
  for (const vote of votes) if (vote !== undefined) counts.set(vote, (counts.get(vote) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
