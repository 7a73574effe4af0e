import { type Digest, tallyOf, type Vote } from "./digest.ts";

/** How a committee ends: one digest with a quorum and no other, several digests, or too few attestations. */
export type Agreement =
  | { readonly kind: "agreed"; readonly digest: Digest }
  | { readonly kind: "conflict"; readonly quorumDigest: Digest | undefined }
  | { readonly kind: "short" };

/** The quorum of a request that names none: more than two thirds of the committee. */
export function defaultQuorum(k: number): number {
  return Math.floor((2 * k) / 3) + 1;
}

/** What the votes of a committee amount to. Two different digests are a conflict, whatever their numbers. */
export function agreementOf(votes: readonly Vote[], quorum: number): Agreement {
  const [first, second] = tallyOf(votes);
  const quorumDigest = first !== undefined && first[1] >= quorum ? first[0] : undefined;
  if (second !== undefined) return { kind: "conflict", quorumDigest };
  return quorumDigest === undefined ? { kind: "short" } : { kind: "agreed", digest: quorumDigest };
}
