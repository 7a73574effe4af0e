/** Which dispute is to be opened over a request: pure. */
import type { Hex } from "viem";
import type { AttestationMessage } from "../network/messages.ts";

/** A recorded or settled result, and the last second in which it can be disputed. */
export type Claimed = { readonly digest: Hex; readonly untilS: bigint };

export type OpeningFacts = {
  readonly nowS: bigint;
  /** Node ids of the committee, in draw order. */
  readonly members: readonly bigint[];
  readonly quorum: number;
  /** What members attested, as far as it is held here and the chain counts it. */
  readonly attestations: readonly AttestationMessage[];
  /** Of an open request: last seconds to settle, and to be disputed. */
  readonly deadlineS: bigint;
  readonly expireAtS: bigint;
  /** What the chain took as the result; undefined for an open request. */
  readonly claimed: Claimed | undefined;
  /** What was found here by computing it again. */
  readonly found: Hex | undefined;
  /** Whether the keeper puts up the bond of an outsider's challenge. */
  readonly hasBond: boolean;
};

/** `untilS`: last second in which the chain takes it. */
export type Opening =
  | {
      readonly kind: "openByConflict";
      readonly first: AttestationMessage;
      readonly second: AttestationMessage;
      readonly untilS: bigint;
    }
  | { readonly kind: "openByDissent"; readonly dissent: AttestationMessage; readonly untilS: bigint }
  | { readonly kind: "openByBond"; readonly untilS: bigint };

/** Pairs that are tried at most, where the chain refuses one: a member was jailed a moment ago. */
const maxPairs = 16;

/** What can open a dispute now, best first: one is enough. Evidence of members comes before a bond. */
export const openingsOf = (facts: OpeningFacts): readonly Opening[] => {
  const { claimed, nowS } = facts;
  if (claimed === undefined) return isLost(facts) ? conflictsOf(facts) : [];
  const { digest, untilS } = claimed;
  if (nowS > untilS) return [];
  const dissents = facts.attestations.filter((one) => one.digest !== digest);
  const isWrong = facts.found !== undefined && facts.found !== digest;
  return [
    ...dissents.map((dissent): Opening => ({ kind: "openByDissent", dissent, untilS })),
    ...(isWrong && facts.hasBond ? [{ kind: "openByBond", untilS } as const] : []),
  ];
};

/** Whether an open request can no longer settle, and can still be disputed. */
function isLost(facts: OpeningFacts): boolean {
  const { nowS, deadlineS, expireAtS } = facts;
  return nowS <= expireAtS && (nowS > deadlineS || !canAgree(facts));
}

/** Whether some digest has a quorum, or would have it with all that have attested nothing so far. */
function canAgree({ members, quorum, attestations }: OpeningFacts): boolean {
  const speakers = (all: readonly AttestationMessage[]): number => new Set(all.map(({ nodeId }) => nodeId)).size;
  const silent = members.length - speakers(attestations);
  const groups = [...Map.groupBy(attestations, ({ digest }) => digest).values()];
  return Math.max(0, ...groups.map(speakers)) + silent >= quorum;
}

/** Each member's first word is paired before any member's second pair comes: one whose words are refused blocks nothing. */
function conflictsOf({ attestations, expireAtS: untilS }: OpeningFacts): readonly Opening[] {
  const words = [...new Map(attestations.map((one) => [`${one.nodeId} ${one.digest}`, one] as const)).values()];
  const rows = words.map((first, i) =>
    words
      .slice(i + 1)
      .filter(({ nodeId, digest }) => nodeId !== first.nodeId && digest !== first.digest)
      .map((second): Opening => ({ kind: "openByConflict", first, second, untilS })),
  );
  const longest = Math.max(0, ...rows.map(({ length }) => length));
  const inTurn = Array.from({ length: longest }, (_, place) => rows.flatMap((row) => row[place] ?? []));
  return inTurn.flat().slice(0, maxPairs);
}
