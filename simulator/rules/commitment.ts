import type { Digest, Vote } from "./digest.ts";

/** What a member does: says what it holds for the result, waits for somebody else's word, or nothing. */
export type Move =
  | { readonly kind: "attest"; readonly digest: Digest; readonly isComputed: boolean }
  | { readonly kind: "copy" }
  | { readonly kind: "silent" };

/**
 * The attestations that count. Every commit is made before anybody reveals, so a copier has committed to something that
 * it cannot open, or to nothing: it is absent.
 */
export function votesOf(moves: readonly Move[]): Vote[] {
  return moves.map((move) => (move.kind === "attest" ? move.digest : undefined));
}
