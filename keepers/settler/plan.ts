/** What a settler has to do now: pure. */
import type { Hex } from "viem";
import { fingerprintOf } from "../../sdk/agreement/fingerprint.ts";
import type { Timeline } from "../../sdk/time/timeline.ts";
import { turnAt } from "../../sdk/time/turn.ts";
import type { RequestSummary } from "../chain/requests.ts";

/** A request with what is known of its committee. */
export type Candidate = {
  readonly request: RequestSummary;
  /** Undefined while nobody is drawn. */
  readonly timeline: Timeline | undefined;
  /** Own place in draw order, -1 for outsiders. */
  readonly seat: number;
  /** What is due next is on its way already, or failed a moment ago. */
  readonly isWaiting: boolean;
  /** How often its callback was retried by this keeper. */
  readonly retries: number;
};

export type SettlerRules = {
  readonly nowS: bigint;
  readonly turnS: bigint;
  /** Outsiders settle from this tip on. */
  readonly minTip: bigint;
  /** First wait between retries of a callback, doubled each time. */
  readonly retryMs: number;
  readonly finalize: boolean;
  readonly retryCallbacks: boolean;
};

export type Due =
  | { readonly due: "settle"; readonly candidate: Candidate; readonly deadlineS: bigint }
  | { readonly due: "finalize"; readonly candidate: Candidate }
  | { readonly due: "retryCallback"; readonly candidate: Candidate };

/** Whether it is this keeper's turn, counted from `startS`: its own as a member, or the last one, open to all. */
export const isTurn = (seat: number, k: bigint, startS: bigint, nowS: bigint, turnS: bigint): boolean => {
  const turn = turnAt(startS, nowS, k, turnS);
  return turn === k || turn === BigInt(seat);
};

/** Seconds from the failure until retry number `retries` (from 0): 0, then 1, 3, 7 ... times the first wait. */
const retryAtMs = (failedMs: number, retries: number, retryMs: number): number =>
  failedMs + retryMs * (2 ** Math.min(retries, 40) - 1);

const settleDue = (candidate: Candidate, rules: SettlerRules): Due | undefined => {
  const { request, timeline, seat } = candidate;
  if (timeline === undefined) return undefined;
  const { startS } = timeline;
  const untilS = request.verdict?.untilS ?? 0n; // a dispute gives more time
  const deadlineS = untilS > timeline.deadlineS ? untilS : timeline.deadlineS;
  if (rules.nowS < startS || rules.nowS >= deadlineS) return undefined;
  if (seat < 0 && request.fields.tip < rules.minTip) return undefined;
  const isOurs = isTurn(seat, request.fields.k, startS, rules.nowS, rules.turnS);
  return isOurs ? { due: "settle", candidate, deadlineS } : undefined;
};

/** Whether a dispute keeps this digest from being settled or paid: until its verdict, and for good where that is for another. */
export const isBlocked = (
  { isDisputed, verdict }: Pick<RequestSummary, "isDisputed" | "verdict">,
  digest: Hex,
): boolean => {
  if (verdict === undefined) return isDisputed;
  return verdict.digest !== 0n && verdict.digest !== fingerprintOf(digest);
};

const finalizeDue = (candidate: Candidate, { nowS, turnS }: SettlerRules): Due | undefined => {
  const { request, seat } = candidate;
  const { fields, outcome } = request;
  if (outcome?.finalizeAfterS === undefined || isBlocked(request, outcome.digest)) return undefined;
  const afterS = outcome.finalizeAfterS;
  if (nowS <= afterS || !isTurn(seat, fields.k, afterS, nowS, turnS)) return undefined;
  return { due: "finalize", candidate };
};

const retryDue = (candidate: Candidate, { nowS, turnS, retryMs }: SettlerRules): Due | undefined => {
  const { request, seat, retries } = candidate;
  if (request.callbackFailedMs === undefined) return undefined;
  if (Number(nowS) * 1_000 < retryAtMs(request.callbackFailedMs, retries, retryMs)) return undefined;
  const startS = BigInt(Math.floor(request.callbackFailedMs / 1_000));
  return isTurn(seat, request.fields.k, startS, nowS, turnS) ? { due: "retryCallback", candidate } : undefined;
};

const dueOf = (candidate: Candidate, rules: SettlerRules): Due | undefined => {
  if (candidate.isWaiting) return undefined;
  const { state } = candidate.request;
  if (state === "open") return settleDue(candidate, rules);
  if (state === "recorded") return rules.finalize ? finalizeDue(candidate, rules) : undefined;
  return rules.retryCallbacks ? retryDue(candidate, rules) : undefined;
};

/** What is due for each candidate, in their order. */
export const planSettler = (candidates: readonly Candidate[], rules: SettlerRules): readonly Due[] =>
  candidates.flatMap((candidate) => dueOf(candidate, rules) ?? []);

/** What of one settlement counts for the size of a batch. */
export type Sized = { readonly requestId: Hex; readonly gas: bigint };

/** Consecutive batches of at most `maxItems`, each within `maxGas`; an item above that is alone. */
export const batchesOf = <T extends Sized>(items: readonly T[], maxItems: number, maxGas: bigint): readonly T[][] => {
  const batches: T[][] = [];
  let gas = 0n;
  for (const item of items) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < maxItems && gas + item.gas <= maxGas) {
      last.push(item);
      gas += item.gas;
    } else {
      batches.push([item]);
      gas = item.gas;
    }
  }
  return batches;
};
