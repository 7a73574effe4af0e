/** What has to be tidied now: pure. */
import type { Hex } from "viem";
import { timeOf } from "../../sdk/drand/schedule.ts";
import type { DrandSchedule } from "../../sdk/drand/types.ts";
import { roundTimeoutAt, roundVerdict } from "../../sdk/time/round-verdict.ts";
import { timelineOf } from "../../sdk/time/timeline.ts";
import type { BoundKey } from "../chain/evidence.ts";
import type { PoolFacts, Subscriber } from "../chain/registry.ts";
import type { RequestSummary } from "../chain/requests.ts";
import type { ChainRound } from "../chain/view.ts";

/** Why a request can be refunded: the contract's own names. */
export type ExpiryReason = "RoundUnknown" | "ClockLagged" | "RoundTooLate" | "CommitteeIncomplete" | "DeadlinePassed";

export type ExpiryFacts = {
  readonly request: Pick<RequestSummary, "state" | "fields" | "isDisputed" | "verdict">;
  readonly round: ChainRound | undefined;
  /** Whether the draw fills every seat; undefined while it is not known. */
  readonly isDrawn: boolean | undefined;
  readonly schedule: DrandSchedule;
  readonly nowS: bigint;
};

/** Why the request can be refunded now, or undefined while it can still settle. Equals the conditions of `expire`. */
export const expiryOf = ({ request, round, isDrawn, schedule, nowS }: ExpiryFacts): ExpiryReason | undefined => {
  const { state, fields } = request;
  if (state !== "open" || (request.isDisputed && request.verdict === undefined)) return undefined;
  if (request.verdict !== undefined) return nowS > request.verdict.untilS ? "DeadlinePassed" : undefined;
  const roundTimeS = timeOf(schedule, fields.round);
  if (round === undefined) return nowS > roundTimeoutAt(fields, roundTimeS) ? "RoundUnknown" : undefined;
  const verdict = roundVerdict(fields, roundTimeS, round.postedAtS);
  if (verdict !== "good") return verdict;
  if (isDrawn === false) return "CommitteeIncomplete";
  return nowS > timelineOf(fields, roundTimeS, round.postedAtS).expireAtS ? "DeadlinePassed" : undefined;
};

export type SnapshotRules = {
  /** Publish at this part of a snapshot's greatest age, in thousandths. */
  readonly agePerMille: bigint;
  /** A changed pool is published at most this often. */
  readonly minIntervalS: bigint;
  readonly nowS: bigint;
};

/** Whether a task needs a new snapshot: its latest is old, or no longer what the pool is. */
export const needsSnapshot = (pool: PoolFacts, { agePerMille, minIntervalS, nowS }: SnapshotRules): boolean => {
  if (pool.activeSubscribers === 0n) return false;
  if (pool.snapshot === undefined) return true;
  const { publishedAtS, freshForS, count } = pool.snapshot;
  const ageS = nowS - publishedAtS;
  if (ageS * 1_000n >= freshForS * agePerMille) return true;
  return ageS >= minIntervalS && (pool.hasChanged || count !== pool.activeSubscribers);
};

/** A binding that ended by itself is forgiven for so long, seconds: as the task registry does. */
export const evidenceGraceS = 86_400n;

/** Subscriptions that count though the node's key is bound to the task's workload by none of these bindings. */
export const withoutEvidence = (
  subscribers: readonly Subscriber[],
  workloadId: Hex,
  { bound, nowS }: { readonly bound: readonly BoundKey[]; readonly nowS: bigint },
): readonly Subscriber[] => {
  const keyOf = (id: Hex, nodeId: bigint, signer: Hex): string => `${id} ${nodeId} ${signer}`.toLowerCase();
  const keys = new Set(bound.map((key) => keyOf(key.workloadId, key.nodeId, key.signer)));
  return subscribers.filter(
    ({ nodeId, signer, activeAtS }) => activeAtS <= nowS && !keys.has(keyOf(workloadId, nodeId, signer)),
  );
};

/** A node's money in the escrow. */
export type EarningsFacts = {
  readonly earnings: bigint;
  readonly claimed: bigint;
  /** When the claim can be withdrawn, Unix seconds. */
  readonly availableAtS: bigint;
};

/** The next step of a node's earnings to its owner's account, if one can be made. */
export const earningsDue = (
  { earnings, claimed, availableAtS }: EarningsFacts,
  { least, nowS }: { readonly least: bigint; readonly nowS: bigint },
): "claimEarnings" | "withdrawEarnings" | undefined => {
  if (claimed > 0n) return nowS >= availableAtS ? "withdrawEarnings" : undefined;
  return earnings > 0n && earnings >= least ? "claimEarnings" : undefined;
};
