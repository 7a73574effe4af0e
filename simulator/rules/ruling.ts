import type { Digest, Vote } from "./digest.ts";
import type { PanelLevel } from "./panel.ts";

/** How a dispute ends: a digest is decided, nobody is at fault, or no panel could be had. */
export type Ruling =
  | { readonly kind: "decided"; readonly digest: Digest; readonly appeal: "none" | "won" | "lost" }
  | { readonly kind: "noFault" }
  | { readonly kind: "noPanel" };

export type RulingInput = {
  /** The votes of a panel's jurors, or undefined if no panel of that level can be drawn. */
  readonly convene: (level: PanelLevel) => readonly Vote[] | undefined;
  readonly verdictOf: (votes: readonly Vote[]) => Digest | undefined;
  /** Whether somebody appeals a decision of the first panel. */
  readonly isAppealed: (digest: Digest) => boolean;
};

/**
 * Takes a dispute through its panels. An undecided first panel moves to the second; a decided one does if appealed. The
 * second is final. A decision of the first stands unless the second decides otherwise: were a second panel without a
 * decision to lift the first, whoever can block the larger panel would always appeal.
 */
export function rulingOf({ convene, verdictOf, isAppealed }: RulingInput): Ruling {
  const firstVotes = convene(1);
  if (firstVotes === undefined) return { kind: "noPanel" };
  const first = verdictOf(firstVotes);
  if (first !== undefined && !isAppealed(first)) return { kind: "decided", digest: first, appeal: "none" };
  const secondVotes = convene(2);
  const second = secondVotes === undefined ? undefined : verdictOf(secondVotes);
  const digest = second ?? first;
  if (digest === undefined) return { kind: "noFault" };
  if (first === undefined) return { kind: "decided", digest, appeal: "none" };
  return { kind: "decided", digest, appeal: digest === first ? "lost" : "won" };
}
