import { contactCount, writeDirections } from "./lattice";

/** The best complete fold so far, as direction letters. */
export const bestFold: usize = memory.data(64);
/** Its contacts. */
export let bestContacts = 0;
/** Placements of a residue so far. */
export let nodes: u64 = 0;

/** Begins with the straight chain, which has no contacts. */
export function startRecord(length: i32): void {
  memory.fill(bestFold, 0x52, length - 1);
}

/** Counts one placement. */
export function countNode(): void {
  nodes++;
}

/** Remembers the chain, which must be complete, if it is better than the best so far. */
export function record(): void {
  if (contactCount() <= bestContacts) return;
  bestContacts = contactCount();
  writeDirections(bestFold);
}
