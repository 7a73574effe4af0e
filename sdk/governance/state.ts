/** States of a proposal, in the order of the governor. */
export const proposalStates = [
  "pending",
  "active",
  "canceled",
  "defeated",
  "succeeded",
  "queued",
  "expired",
  "executed",
] as const;

export type ProposalState = (typeof proposalStates)[number];

/** The state of a number. Throws for one that the governor does not have. */
export function proposalStateOf(number: number): ProposalState {
  const state = proposalStates[number];
  if (state === undefined) throw new Error(`The governor told the unknown state ${number}.`);
  return state;
}

/** States that end by nothing: whoever proposes again needs another description. */
export const isOver = (state: ProposalState): boolean =>
  ["canceled", "defeated", "expired", "executed"].includes(state);
