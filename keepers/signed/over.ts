/** When nothing more can come of a signed request, so that it makes room for others: pure. */
import type { RequestFields } from "../../sdk/words/request.ts";
import { type Committee, type CommitteeLookup, seatOf } from "../network/committees.ts";

/** `isBad`: its requester announced what nobody could compute, and is refused for a while. */
export type Over = { readonly why: string; readonly isBad: boolean };

export type OverFacts = {
  readonly found: CommitteeLookup;
  /** The time of its round. */
  readonly dueS: bigint;
  /** Time of the newest block that this node has seen. */
  readonly nowS: bigint;
  readonly ownNodeId: bigint | undefined;
  /** Whether whoever asked gave the input to this node before the round. */
  readonly isGiven: boolean;
  /** Whether the input is here after the end of commits, wherever it came from. */
  readonly hasInput: boolean;
};

/** Whoever holds the input posts the round. Who does not waits for it, and for the committee that it draws, for so long. */
export const committeeWaitS = 120n;
/** A settlement in the last second may be heard of so much later. */
const hearingS = 60n;

/** Whether it is over, and why. */
export const overOf = (facts: OverFacts): Over | undefined => {
  const { found, dueS, nowS, isGiven } = facts;
  if ("committee" in found) return overWith(found.committee, facts);
  if (isGiven || nowS <= dueS + committeeWaitS) return undefined;
  return { why: "its input was given to nobody who posts its round", isBad: true };
};

function overWith(committee: Committee, { nowS, ownNodeId, isGiven, hasInput }: OverFacts): Over | undefined {
  const { commitEndS, deadlineS } = committee.timeline;
  if (nowS > deadlineS + hearingS) return { why: "it did not settle in time", isBad: false };
  const isMember = ownNodeId !== undefined && seatOf(committee, ownNodeId) >= 0;
  if (!isMember || isGiven || hasInput || nowS <= commitEndS) return undefined;
  return { why: "this node was drawn and nobody gave it the input", isBad: true };
}

/** Rounds of one requester that this node posts in `creditMs` before they are paid for: about 0.2 million gas each. */
export const maxRoundsOnCredit = 8;
export const creditMs = 3_600_000;

/** Whether one more may be posted beside those of the unpaid requests. Requests that share a round cost one. */
export const isOnCredit = (
  unpaid: readonly { readonly fields: Pick<RequestFields, "round"> }[],
  round: bigint,
): boolean => new Set([...unpaid.map(({ fields }) => fields.round), round]).size <= maxRoundsOnCredit;
