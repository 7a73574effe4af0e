/**
 * What a member does on chain when its committee did not come together off chain: a pure function of the clock, of what
 * it computed, and of what the chain shows.
 */
import type { Hex } from "viem";
import { turnAt } from "../../sdk/time/turn.ts";
import type { Timeline } from "../../sdk/time/timeline.ts";
import type { ChainFallback, ShownRoot } from "../chain/fallbacks.ts";

export type FallbackFacts = {
  readonly nowS: bigint;
  readonly timeline: Timeline;
  /** Node ids in draw order. */
  readonly members: readonly bigint[];
  readonly quorum: number;
  readonly ownNodeId: bigint;
  /** What this node computed and committed to off chain; undefined if it has no result. */
  readonly own: { readonly digest: Hex; readonly leaf: Hex } | undefined;
  /** Leaves under the roots that this node attested off chain, latest last. */
  readonly attested: readonly (readonly Hex[])[];
  /** Whether attestations of a quorum are in hand: then it settles as usual. */
  readonly hasQuorum: boolean;
  readonly chain: ChainFallback;
};

/**
 * - `show`: show the own attestation over this root.
 * - `commit`: commit to the own leaf, or to nothing (undefined) where there is no result: whoever does nothing while a
 *   quorum can is slashed, and who could not get the input has done nothing wrong.
 * - `reveal`: reveal the own digest; `signed` is what another member's shown attestation names, or nothing.
 * - `settle`: settle by the reveals of these seats.
 */
export type FallbackStep =
  | { readonly kind: "show"; readonly leaves: readonly Hex[] }
  | { readonly kind: "commit"; readonly leaf: Hex | undefined }
  | { readonly kind: "reveal"; readonly signed: readonly Hex[] }
  | { readonly kind: "settle"; readonly seats: readonly number[] };

/** Two members that attested a root let every leaf under it count. */
const enoughAttesters = 2;
/** Whose turn it is to settle changes this often, seconds. */
const turnS = 12n;

/** What is due now, if anything. */
export const nextFallbackStep = (facts: FallbackFacts): FallbackStep | undefined => {
  const { nowS, timeline, hasQuorum } = facts;
  if (nowS < timeline.fallbackAtS) return undefined;
  if (nowS <= timeline.chainCommitEndS) return hasQuorum ? undefined : (showStep(facts) ?? commitStep(facts));
  if (nowS <= timeline.deadlineS) return revealStep(facts) ?? settleStep(facts);
  return settleStep(facts);
};

const leavesOf = ({ signed }: ShownRoot): readonly Hex[] => signed.filter((_, i) => i % 2 === 1);

function showStep({ attested, chain, ownNodeId }: FallbackFacts): FallbackStep | undefined {
  const leaves = attested.at(-1);
  if (leaves === undefined) return undefined;
  const attesters = chain.shown.filter((root) => leavesOf(root).join() === leaves.join()).map(({ nodeId }) => nodeId);
  if (attesters.includes(ownNodeId) || attesters.length >= enoughAttesters) return undefined;
  return { kind: "show", leaves };
}

/** A root that another member attested, and this leaf is under. */
const rootWith = ({ chain, ownNodeId }: FallbackFacts, leaf: Hex): ShownRoot | undefined =>
  chain.shown.find(
    ({ nodeId, signed }) =>
      nodeId !== ownNodeId &&
      signed.some((word, i) => i % 2 === 0 && BigInt(word) === ownNodeId && signed[i + 1] === leaf),
  );

function commitStep(facts: FallbackFacts): FallbackStep | undefined {
  const { own, chain, ownNodeId } = facts;
  if (chain.committed.has(ownNodeId) || (own !== undefined && rootWith(facts, own.leaf) !== undefined))
    return undefined;
  return { kind: "commit", leaf: own?.leaf };
}

function revealStep(facts: FallbackFacts): FallbackStep | undefined {
  const { own, chain, ownNodeId } = facts;
  const before = chain.revealed.get(ownNodeId);
  if (own === undefined || before?.isCounted === true) return undefined;
  const root = rootWith(facts, own.leaf);
  if (root !== undefined) return { kind: "reveal", signed: root.signed };
  const isCommitted = chain.committed.get(ownNodeId) === own.leaf;
  return isCommitted && before === undefined ? { kind: "reveal", signed: [] } : undefined;
}

function settleStep({
  nowS,
  timeline,
  members,
  quorum,
  ownNodeId,
  own,
  chain,
}: FallbackFacts): FallbackStep | undefined {
  const seats = members.flatMap((nodeId, seat) => {
    const revealed = chain.revealed.get(nodeId);
    return revealed?.isCounted === true && revealed.digest === own?.digest ? [seat] : [];
  });
  const isOver = nowS > timeline.deadlineS || seats.length === members.length;
  if (!isOver || seats.length < quorum) return undefined;
  const turn = turnAt(timeline.deadlineS, nowS, BigInt(members.length), turnS);
  const isOurs = turn === BigInt(members.length) || turn === BigInt(members.indexOf(ownNodeId));
  return isOurs ? { kind: "settle", seats } : undefined;
}
