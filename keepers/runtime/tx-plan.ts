/** What is due for one row of the outbox, pure: given the row, its signed attempts and what the chain shows. */
import { firstFees, type Market, replacementFees, sendCap } from "./fees.ts";
import type { TxReceipt } from "./rpc-answers.ts";
import type { Attempt, AttemptKind, Fees, OutboxRow, TxPolicy } from "./tx-types.ts";

export type ChainView = {
  head: bigint;
  /** The key's transaction count at `head`: nonces below it are used. */
  nonce: number;
  /** The count `confirmations - 1` blocks earlier: nonces below it are used for good. */
  settledNonce: number;
  market: Market;
};

export type Inclusion =
  | { change: "none" }
  | { change: "included"; attempt: Attempt; receipt: TxReceipt; final: boolean }
  /** Was in a block and is in none now: a reorganisation dropped it. */
  | { change: "dropped" }
  /** Its nonce is used and none of its attempts did it; wait until that is certain. */
  | { change: "suspect" }
  | { change: "cleared" }
  /** Certain: something else used the nonce for good. */
  | { change: "displaced" };

export type Found = { attempt: Attempt; receipt: TxReceipt };

const isDeep = (block: bigint, head: bigint, confirmations: number): boolean =>
  head - block + 1n >= BigInt(confirmations);

/** Compares what the receipts of all attempts show (`found`: the one that has a receipt) with what the row says. */
export const planInclusion = (
  row: OutboxRow,
  found: Found | undefined,
  view: ChainView,
  policy: TxPolicy,
  nowMs: number,
): Inclusion => {
  if (found !== undefined)
    return { change: "included", ...found, final: isDeep(found.receipt.block, view.head, policy.confirmations) };
  if (row.state !== "sending") return { change: "dropped" };
  const isUsed = row.nonce !== undefined && row.nonce < view.settledNonce;
  if (!isUsed) return { change: row.lostMs === undefined ? "none" : "cleared" };
  if (row.lostMs === undefined) return { change: "suspect" };
  return { change: nowMs - row.lostMs >= policy.displacedAfterMs ? "displaced" : "none" };
};

export type Due =
  { due: "nothing" } | { due: "sign"; kind: AttemptKind; fees: Fees } | { due: "broadcast"; attempt: Attempt };

/** Why the row shall not be mined any more, or undefined. */
export const obsoleteReason = (row: OutboxRow, nowMs: number): string | undefined => {
  if (row.cancelReason !== undefined) return row.cancelReason;
  if (row.deadlineS !== undefined && nowMs >= row.deadlineS * 1000) return "its deadline passed";
  return undefined;
};

const isStale = (attempt: Attempt, afterMs: number, nowMs: number): boolean =>
  attempt.sentMs === undefined || nowMs - attempt.sentMs >= afterMs;

/**
 * What to do for a row that has a nonce and is in no block. `attempts` oldest first. `isRestart`: this process has not
 * sent anything for the row yet. Only the first transaction in line is replaced: the others wait for it, not for fees.
 */
export const planSend = (
  row: OutboxRow,
  attempts: readonly Attempt[],
  view: ChainView,
  policy: TxPolicy,
  { nowMs, isRestart }: { nowMs: number; isRestart: boolean },
): Due => {
  if (row.nonce === undefined || row.nonce < view.nonce) return { due: "nothing" };
  const kind = obsoleteReason(row, nowMs) === undefined ? "send" : "cancel";
  const cap = kind === "cancel" ? policy.maxFeePerGasCap : sendCap(policy.maxFeePerGasCap);
  const last = attempts.at(-1);
  if (last === undefined) {
    const fees = firstFees(view.market, cap);
    return fees === undefined ? { due: "nothing" } : { due: "sign", kind, fees };
  }
  const isFirst = row.nonce === view.nonce;
  const isTurn = kind === "cancel" && last.kind === "send";
  const isSlow = isFirst && nowMs - last.createdMs >= policy.replaceAfterMs;
  const fees = isTurn || isSlow || last.underpriced ? replacementFees(last, view.market, cap) : undefined;
  if (fees !== undefined) return { due: "sign", kind, fees };
  if (isRestart || isStale(last, policy.rebroadcastAfterMs, nowMs)) return { due: "broadcast", attempt: last };
  return { due: "nothing" };
};
