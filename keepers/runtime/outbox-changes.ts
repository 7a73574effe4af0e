/** The changes of state that a row of the outbox can go through; each is one conditional UPDATE. */
import type { Hex } from "viem";
import type { TxReceipt } from "./rpc-answers.ts";
import type { Tx } from "./store.ts";
import type { OutboxRow, OutboxState } from "./tx-types.ts";

/** A receipt of one of the row's attempts was seen. */
export const markIncluded = async (
  tx: Tx,
  row: OutboxRow,
  change: { state: OutboxState; reason: string | undefined; receipt: TxReceipt; final: boolean },
  nowMs: number,
): Promise<void> => {
  const { state, reason, receipt, final } = change;
  await tx.run(
    "UPDATE outbox SET state = ?, final = ?, reason = ?, tx_hash = ?, block_number = ?, block_hash = ?, lost_ms = NULL, " +
      "updated_ms = ? WHERE id = ? AND generation = ?",
    [
      state,
      final ? 1 : 0,
      reason ?? null,
      receipt.hash,
      receipt.block,
      receipt.blockHash,
      nowMs,
      row.id,
      row.generation,
    ],
  );
};

/** A reorganisation took the row out of its block: it is in flight again, with the same nonce. */
export const markDropped = async (tx: Tx, row: OutboxRow, nowMs: number): Promise<void> => {
  await tx.run(
    "UPDATE outbox SET state = 'sending', final = 0, reason = NULL, tx_hash = NULL, block_number = NULL, block_hash = NULL, " +
      "updated_ms = ? WHERE id = ? AND generation = ?",
    [nowMs, row.id, row.generation],
  );
};

/** What was believed final is not: it is looked at again like any other that was mined. */
export const markUnsettled = async (tx: Tx, row: OutboxRow, nowMs: number): Promise<void> => {
  await tx.run("UPDATE outbox SET final = 0, updated_ms = ? WHERE id = ? AND generation = ?", [
    nowMs,
    row.id,
    row.generation,
  ]);
};

/** Since when the nonce seems used by something else; undefined: it does not any more. */
export const markLost = async (tx: Tx, row: OutboxRow, sinceMs: number | undefined): Promise<void> => {
  await tx.run("UPDATE outbox SET lost_ms = ? WHERE id = ? AND generation = ?", [
    sinceMs ?? null,
    row.id,
    row.generation,
  ]);
};

/** The nonce is gone for good: back into the queue, or cancelled where it was to be cancelled. */
export const markDisplaced = async (
  tx: Tx,
  row: OutboxRow,
  obsolete: string | undefined,
  nowMs: number,
): Promise<void> => {
  await tx.run(
    "UPDATE outbox SET state = ?, final = ?, reason = ?, nonce = NULL, gas_limit = NULL, lost_ms = NULL, updated_ms = ? " +
      "WHERE id = ? AND generation = ?",
    [
      obsolete === undefined ? "queued" : "cancelled",
      obsolete === undefined ? 0 : 1,
      obsolete ?? null,
      nowMs,
      row.id,
      row.generation,
    ],
  );
};

/** The simulation refused the row. Without `retryAtMs` that is final. */
export const markRefused = async (
  tx: Tx,
  row: OutboxRow,
  reason: string,
  retryAtMs: number | undefined,
  nowMs: number,
): Promise<void> => {
  await tx.run(
    "UPDATE outbox SET state = 'refused', final = ?, reason = ?, retry_at_ms = ?, updated_ms = ? " +
      "WHERE id = ? AND revision = ? AND state IN ('queued', 'refused')",
    [retryAtMs === undefined ? 1 : 0, reason, retryAtMs ?? null, nowMs, row.id, row.revision],
  );
};

/** Not before `atMs`: the node could not simulate it. */
export const postpone = async (tx: Tx, row: OutboxRow, atMs: number): Promise<void> => {
  await tx.run("UPDATE outbox SET retry_at_ms = ? WHERE id = ? AND state IN ('queued', 'refused')", [atMs, row.id]);
};

/** Gives the row its nonce. False when it was changed, cancelled or taken since it was read. */
export const allocate = async (
  tx: Tx,
  row: OutboxRow,
  nonce: number,
  gasLimit: bigint,
  nowMs: number,
): Promise<boolean> => {
  const changed = await tx.run(
    "UPDATE outbox SET state = 'sending', nonce = ?, gas_limit = ?, reason = NULL, retry_at_ms = NULL, updated_ms = ? " +
      "WHERE id = ? AND revision = ? AND state IN ('queued', 'refused') AND final = 0 AND cancel_reason IS NULL",
    [nonce, gasLimit.toString(), nowMs, row.id, row.revision],
  );
  return changed === 1;
};

/** Cancels what has no nonce at once; asks for a self-send for what has one. Mined rows stay as they are. */
export const requestCancel = async (tx: Tx, id: number, reason: string, nowMs: number): Promise<void> => {
  await tx.run(
    "UPDATE outbox SET state = 'cancelled', final = 1, reason = ?, cancel_reason = ?, revision = revision + 1, updated_ms = ? " +
      "WHERE id = ? AND state IN ('queued', 'refused') AND final = 0",
    [reason, reason, nowMs, id],
  );
  await tx.run(
    "UPDATE outbox SET cancel_reason = COALESCE(cancel_reason, ?), updated_ms = ? WHERE id = ? AND state = 'sending'",
    [reason, nowMs, id],
  );
};

/** A node took the attempt (`sent`), or has another one with higher fees. */
export const markAttempt = async (
  tx: Tx,
  hash: Hex,
  change: { sentMs: number | undefined; underpriced: boolean },
): Promise<void> => {
  await tx.run("UPDATE attempts SET sent_ms = COALESCE(?, sent_ms), underpriced = ? WHERE hash = ?", [
    change.sentMs ?? null,
    change.underpriced ? 1 : 0,
    hash,
  ]);
};

/** Forgets rows that became final before `beforeMs`, with their attempts. Their keys can then be used again. */
export const pruneRows = async (tx: Tx, chainId: number, beforeMs: number): Promise<number> => {
  const rows = "SELECT id FROM outbox WHERE chain_id = ? AND final = 1 AND updated_ms < ?";
  await tx.run(`DELETE FROM attempts WHERE outbox_id IN (${rows})`, [chainId, beforeMs]);
  return tx.run("DELETE FROM outbox WHERE chain_id = ? AND final = 1 AND updated_ms < ?", [chainId, beforeMs]);
};
