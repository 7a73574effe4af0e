/**
 * What a member of a committee does next: a pure function of the clock and of what it has stored and received.
 *
 * The rule that makes copying pointless is here: an attestation, which reveals digest and salt, is due only when valid
 * commits of all members are in hand, or `unionDelayMs` after the end of commits with those of a quorum at least.
 */
import type { Hex } from "viem";
import { commitRootOf } from "../../sdk/agreement/commit-root.ts";
import { bitmapOf, countBits, hasBit, indicesOf } from "../../sdk/committee/bitmap.ts";
import { type ExchangeTimes, secondRootDelayMs } from "../network/exchange-times.ts";
import type { AttestationMessage, CommitMessage } from "../network/messages.ts";
import type { Result } from "../network/results.ts";

/** What this node computed, and the leaf that it commits to with a salt of its own. */
export type OwnResult = { readonly digest: Hex; readonly salt: Hex; readonly leaf: Hex; readonly result: Result };

/** A first root, and at most one more. */
export type RootNumber = 1 | 2;

/** A root that this node has decided to sign: members as a bitmap in draw order, and their leaves in that order. */
export type Decision = {
  readonly root: RootNumber;
  readonly committed: bigint;
  readonly leaves: readonly Hex[];
  readonly decidedMs: number;
};

export type Situation = {
  readonly nowMs: number;
  readonly times: ExchangeTimes;
  /** Node ids in draw order. */
  readonly members: readonly bigint[];
  readonly quorum: number;
  readonly ownNodeId: bigint;
  readonly commits: readonly Pick<CommitMessage, "nodeId" | "leaf">[];
  readonly attestations: readonly Pick<
    AttestationMessage,
    "nodeId" | "digest" | "committed" | "commitRoot" | "leaves"
  >[];
  readonly own: { readonly result: OwnResult | undefined; readonly decisions: readonly Decision[] };
};

/**
 * - `execute`: compute and keep the result.
 * - `commit`: sign the leaf and bring it to all members.
 * - `attest`: sign this root, once it is kept. `isEarly`: all commits are in hand before their end, so peers are told of
 *   all of them first; whoever signed two leaves is then found out before anything is revealed.
 * - `wait`: nothing to do before `untilMs` unless a message comes; `pull` tells to ask peers for what they hold.
 * - `over`: nothing more to do, ever.
 */
export type Step =
  | { readonly kind: "execute" }
  | { readonly kind: "commit" }
  | { readonly kind: "attest"; readonly decision: Decision; readonly isEarly: boolean }
  | { readonly kind: "wait"; readonly untilMs: number; readonly pull: boolean }
  | { readonly kind: "over"; readonly reason: "absent" | "agreed" | "deadline" };

/** Decides the next step of one request. */
export const nextStep = (situation: Situation): Step => {
  const { nowMs, times, own, commits, ownNodeId } = situation;
  if (nowMs > times.deadlineMs) return { kind: "over", reason: "deadline" };
  const hasCommitted = commits.some(({ nodeId }) => nodeId === ownNodeId);
  if (own.result === undefined || !hasCommitted) {
    if (nowMs > times.commitEndMs) return { kind: "over", reason: "absent" };
    return { kind: own.result === undefined ? "execute" : "commit" };
  }
  if (own.decisions.length === 0) return firstRoot(situation);
  const agreed = agreedRoots(situation);
  if (agreed.length === 0) return secondRoot(situation);
  const decision = agreed.map((root) => joining(situation, root)).find((one) => one !== undefined);
  return decision === undefined ? { kind: "over", reason: "agreed" } : { kind: "attest", decision, isEarly: false };
};

/** Leaves by node, of the nodes that signed exactly one. */
export const validLeaves = (commits: Situation["commits"]): ReadonlyMap<bigint, Hex> => {
  const voided = equivocators(commits);
  return new Map(commits.flatMap(({ nodeId, leaf }) => (voided.has(nodeId) ? [] : [[nodeId, leaf] as const])));
};

/** Nodes that signed two different leaves. */
export const equivocators = (commits: Situation["commits"]): ReadonlySet<bigint> => {
  const leaves = new Map<bigint, Hex>();
  const found = new Set<bigint>();
  for (const { nodeId, leaf } of commits) {
    if ((leaves.get(nodeId) ?? leaf) !== leaf) found.add(nodeId);
    leaves.set(nodeId, leaf);
  }
  return found;
};

type Root = Situation["attestations"][number];

/** Roots over one digest that have the attestations of a quorum, as one of them says it: anybody can settle with these. */
function agreedRoots({ attestations, quorum }: Pick<Situation, "attestations" | "quorum">): readonly Root[] {
  const keyOf = ({ digest, committed, commitRoot }: Root): string => `${digest} ${committed} ${commitRoot}`;
  const groups = [...Map.groupBy(attestations, keyOf).values()];
  const agreed = groups.filter((group) => new Set(group.map(({ nodeId }) => nodeId)).size >= quorum);
  return agreed.flatMap(([one]) => one ?? []);
}

/** Whether anybody can settle. */
export const hasQuorum = (situation: Pick<Situation, "attestations" | "quorum">): boolean =>
  agreedRoots(situation).length > 0;

/**
 * The second root, where a quorum has agreed on one that this node has not signed and that counts it: it would go unpaid
 * because it knew of a commit more, or less. Its word changes nothing for anybody else: that root settles without it.
 */
function joining({ nowMs, members, ownNodeId, own }: Situation, agreed: Root): Decision | undefined {
  const [first, second] = own.decisions;
  const { committed, leaves, commitRoot, digest } = agreed;
  if (first === undefined || second !== undefined || digest !== own.result?.digest) return undefined;
  const seat = members.indexOf(ownNodeId);
  const place = Number(countBits(committed & ((1n << BigInt(seat)) - 1n)));
  const counts = hasBit(committed, seat) && leaves[place] === own.result.leaf && commitRootOf(leaves) === commitRoot;
  if (!counts || commitRoot === commitRootOf(first.leaves)) return undefined;
  return { root: 2, committed, leaves, decidedMs: nowMs };
}

function firstRoot({ nowMs, times, members, quorum, ownNodeId, commits }: Situation): Step {
  const leaves = validLeaves(commits);
  const seats = members.flatMap((nodeId, seat) => (leaves.has(nodeId) ? [seat] : []));
  const isUnionDue = nowMs >= times.unionAtMs;
  const isComplete = seats.length === members.length;
  if (!isComplete && !isUnionDue) return { kind: "wait", untilMs: times.unionAtMs, pull: true };
  if (!leaves.has(ownNodeId) || seats.length < quorum) return { kind: "wait", untilMs: times.deadlineMs, pull: false };
  const inOrder = seats.flatMap((seat) => leaves.get(members[seat] ?? -1n) ?? []);
  const decision = { root: 1, committed: bitmapOf(seats), leaves: inOrder, decidedMs: nowMs } as const;
  return { kind: "attest", decision, isEarly: !isUnionDue };
}

/**
 * After `secondRootDelayMs` without a quorum - counted from when all members could attest, so that all come to the same
 * set - the first root without those who were not heard or signed two leaves.
 */
function secondRoot(situation: Situation): Step {
  const { nowMs, times, quorum, own } = situation;
  const [first, second] = own.decisions;
  const dueMs = Math.max(first?.decidedMs ?? 0, times.unionAtMs) + secondRootDelayMs;
  if (first === undefined || second !== undefined || nowMs < dueMs)
    return { kind: "wait", untilMs: second === undefined ? dueMs : times.deadlineMs, pull: true };
  const seats = indicesOf(first.committed);
  const kept = seats.filter((seat) => isHeard(situation, seat));
  if (kept.length === seats.length || kept.length < quorum)
    return { kind: "wait", untilMs: times.deadlineMs, pull: true };
  const committed = bitmapOf(kept);
  const leaves = first.leaves.filter((_, index) => hasBit(committed, seats[index] ?? -1));
  return { kind: "attest", decision: { root: 2, committed, leaves, decidedMs: nowMs }, isEarly: false };
}

function isHeard({ members, commits, attestations, ownNodeId }: Situation, seat: number): boolean {
  const member = members[seat];
  if (member === ownNodeId) return true;
  if (member === undefined || equivocators(commits).has(member)) return false;
  return attestations.some(({ nodeId }) => nodeId === member);
}
