import { type Digest, tallyOf, type Vote } from "./digest.ts";
import { panelThreshold } from "./panel.ts";

/** The digest that a panel decided, or undefined. Silent jurors count in the threshold. */
export function verdictOf(votes: readonly Vote[]): Digest | undefined {
  const [first] = tallyOf(votes);
  return first !== undefined && first[1] >= panelThreshold(votes.length) ? first[0] : undefined;
}

/** Whether the silent of a panel are slashed: at least half of it attested one digest, so the input was there to compute. */
export function isSilencePunished(votes: readonly Vote[]): boolean {
  const [first] = tallyOf(votes);
  return first !== undefined && 2 * first[1] >= votes.length;
}

/** Whether a seat attested another digest than the one decided. */
export function isLoser(vote: Vote, verdict: Digest): boolean {
  return vote !== undefined && vote !== verdict;
}
