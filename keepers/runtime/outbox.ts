/** The outbox's rows and their signed attempts in the store: queries only, no decisions. */
import type { Address, Hex } from "viem";
import { bigintOf, numberOf, optional, type Row, type SqlValue, textOf, type Tx } from "./store.ts";
import type { Attempt, AttemptKind, Fees, Intent, IntentKey, OutboxRow, OutboxState } from "./tx-types.ts";

/** Whose outbox: one key on one chain. `sender` in lower case. */
export type Account = { chainId: number; sender: Address };

const hexOf = (row: Row, column: string): Hex => textOf(row, column) as Hex;

const toRow = (row: Row): OutboxRow => ({
  id: numberOf(row, "id"),
  generation: numberOf(row, "generation"),
  revision: numberOf(row, "revision"),
  subject: textOf(row, "subject"),
  action: textOf(row, "action"),
  target: hexOf(row, "target"),
  data: hexOf(row, "data"),
  value: bigintOf(row, "value"),
  gas: optional(bigintOf, row, "gas"),
  reserveGas: optional(bigintOf, row, "reserve_gas"),
  gasLimit: optional(bigintOf, row, "gas_limit"),
  deadlineS: optional(numberOf, row, "deadline_s"),
  retryAfterMs: optional(numberOf, row, "retry_after_ms"),
  state: textOf(row, "state") as OutboxState,
  final: numberOf(row, "final") === 1,
  reason: optional(textOf, row, "reason"),
  retryAtMs: optional(numberOf, row, "retry_at_ms"),
  cancelReason: optional(textOf, row, "cancel_reason"),
  lostMs: optional(numberOf, row, "lost_ms"),
  nonce: optional(numberOf, row, "nonce"),
  txHash: optional(hexOf, row, "tx_hash"),
  block: optional(bigintOf, row, "block_number"),
  blockHash: optional(hexOf, row, "block_hash"),
});

const toAttempt = (row: Row): Attempt => ({
  id: numberOf(row, "id"),
  kind: textOf(row, "kind") as AttemptKind,
  nonce: numberOf(row, "nonce"),
  hash: hexOf(row, "hash"),
  raw: hexOf(row, "raw"),
  maxFeePerGas: bigintOf(row, "max_fee"),
  maxPriorityFeePerGas: bigintOf(row, "priority_fee"),
  underpriced: numberOf(row, "underpriced") === 1,
  createdMs: numberOf(row, "created_ms"),
  sentMs: optional(numberOf, row, "sent_ms"),
});

const contentOf = (intent: Intent): SqlValue[] => [
  (intent.to ?? intent.contract).toLowerCase(),
  intent.data,
  (intent.value ?? 0n).toString(),
  intent.gas?.toString() ?? null,
  intent.reserveGas?.toString() ?? null,
  intent.deadlineS ?? null,
  intent.retryAfterMs ?? null,
];

/** The row of a key, or undefined. */
export const findRow = async (tx: Tx, { chainId }: Account, key: IntentKey): Promise<OutboxRow | undefined> => {
  const [row] = await tx.all(
    "SELECT * FROM outbox WHERE chain_id = ? AND contract = ? AND subject = ? AND action = ?",
    [chainId, key.contract.toLowerCase(), key.subject, key.action],
  );
  return row === undefined ? undefined : toRow(row);
};

/** The row with this id, or undefined. */
export const loadRow = async (tx: Tx, id: number): Promise<OutboxRow | undefined> => {
  const [row] = await tx.all("SELECT * FROM outbox WHERE id = ?", [id]);
  return row === undefined ? undefined : toRow(row);
};

/** A new row, queued. The key MUST be free. */
export const insertRow = async (tx: Tx, account: Account, intent: Intent, nowMs: number): Promise<number> => {
  const rows = await tx.all(
    "INSERT INTO outbox (chain_id, sender, contract, subject, action, generation, revision, target, data, value, gas, " +
      "reserve_gas, deadline_s, retry_after_ms, state, final, created_ms, updated_ms) " +
      "VALUES (?, ?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?, ?, 'queued', 0, ?, ?) RETURNING id",
    [
      account.chainId,
      account.sender,
      intent.contract.toLowerCase(),
      intent.subject,
      intent.action,
      ...contentOf(intent),
      nowMs,
      nowMs,
    ],
  );
  return numberOf(rows[0] ?? {}, "id");
};

/** New content for a row that has no nonce. `again`: starts a finished one anew, as its next generation, behind what waits. */
export const rewriteRow = async (
  tx: Tx,
  account: Account,
  id: number,
  intent: Intent,
  again: boolean,
  nowMs: number,
): Promise<void> => {
  await tx.run(
    "UPDATE outbox SET sender = ?, target = ?, data = ?, value = ?, gas = ?, reserve_gas = ?, deadline_s = ?, " +
      `retry_after_ms = ?, revision = revision + 1, updated_ms = ?${
        again
          ? ", generation = generation + 1, state = 'queued', final = 0, reason = NULL, retry_at_ms = NULL, cancel_reason = NULL, " +
            "lost_ms = NULL, nonce = NULL, gas_limit = NULL, tx_hash = NULL, block_number = NULL, block_hash = NULL, created_ms = ?"
          : ""
      } WHERE id = ?`,
    [account.sender, ...contentOf(intent), nowMs, ...(again ? [nowMs] : []), id],
  );
};

/** Rows with a nonce whose outcome is not final, in nonce order. */
export const openRows = async (tx: Tx, { chainId, sender }: Account): Promise<readonly OutboxRow[]> => {
  const rows = await tx.all(
    "SELECT * FROM outbox WHERE chain_id = ? AND sender = ? AND final = 0 AND state IN ('sending', 'mined', 'reverted', " +
      "'cancelled') ORDER BY nonce, id LIMIT 1000",
    [chainId, sender],
  );
  return rows.map(toRow);
};

/** Rows that may be simulated now, those that have been due for longest first: what is refused again and again keeps nobody waiting. */
export const dueRows = async (
  tx: Tx,
  { chainId, sender }: Account,
  nowMs: number,
  limit: number,
): Promise<readonly OutboxRow[]> => {
  const rows = await tx.all(
    "SELECT * FROM outbox WHERE chain_id = ? AND sender = ? AND final = 0 AND state IN ('queued', 'refused') " +
      "AND (retry_at_ms IS NULL OR retry_at_ms <= ?) ORDER BY COALESCE(retry_at_ms, created_ms), id LIMIT ?",
    [chainId, sender, nowMs, limit],
  );
  return rows.map(toRow);
};

/** Rows believed final whose nonce the chain shows as unused although it is past the depth at which they became final. */
export const undoneRows = async (
  tx: Tx,
  { chainId, sender }: Account,
  nonce: number,
  deepBlock: bigint,
): Promise<readonly OutboxRow[]> => {
  const rows = await tx.all(
    "SELECT * FROM outbox WHERE chain_id = ? AND sender = ? AND final = 1 AND nonce >= ? AND block_number <= ? " +
      "AND state IN ('mined', 'reverted', 'cancelled') ORDER BY nonce LIMIT 1000",
    [chainId, sender, nonce, deepBlock],
  );
  return rows.map(toRow);
};

/** The newest rows believed final, newest first. */
export const newestFinalRows = async (
  tx: Tx,
  { chainId, sender }: Account,
  count: number,
): Promise<readonly OutboxRow[]> => {
  const rows = await tx.all(
    "SELECT * FROM outbox WHERE chain_id = ? AND sender = ? AND nonce IS NOT NULL AND final = 1 " +
      "ORDER BY nonce DESC LIMIT ?",
    [chainId, sender, count],
  );
  return rows.map(toRow);
};

/** How many rows wait for simulation and how many are sent and not mined. */
export const countRows = async (
  tx: Tx,
  { chainId, sender }: Account,
): Promise<{ queued: number; inFlight: number }> => {
  const [row] = await tx.all(
    "SELECT COALESCE(SUM(CASE WHEN state IN ('queued', 'refused') THEN 1 ELSE 0 END), 0) AS queued, " +
      "COALESCE(SUM(CASE WHEN state = 'sending' THEN 1 ELSE 0 END), 0) AS in_flight " +
      "FROM outbox WHERE chain_id = ? AND sender = ? AND final = 0",
    [chainId, sender],
  );
  return { queued: numberOf(row ?? {}, "queued"), inFlight: numberOf(row ?? {}, "in_flight") };
};

/** Attempts of the row's present generation and nonce, oldest first. */
export const attemptsOf = async (tx: Tx, { id, generation, nonce }: OutboxRow): Promise<readonly Attempt[]> => {
  if (nonce === undefined) return [];
  const rows = await tx.all("SELECT * FROM attempts WHERE outbox_id = ? AND generation = ? AND nonce = ? ORDER BY id", [
    id,
    generation,
    nonce,
  ]);
  return rows.map(toAttempt);
};

export type NewAttempt = Fees & { row: OutboxRow; kind: AttemptKind; nonce: number; gas: bigint; hash: Hex; raw: Hex };

/** Stores a signed attempt; to be committed before it is first sent. */
export const insertAttempt = async (tx: Tx, attempt: NewAttempt, nowMs: number): Promise<void> => {
  const { row, kind, nonce, gas, hash, raw, maxFeePerGas, maxPriorityFeePerGas } = attempt;
  await tx.run(
    "INSERT INTO attempts (outbox_id, generation, nonce, kind, hash, raw, gas, max_fee, priority_fee, underpriced, created_ms) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (hash) DO NOTHING",
    [
      row.id,
      row.generation,
      nonce,
      kind,
      hash,
      raw,
      gas.toString(),
      maxFeePerGas.toString(),
      maxPriorityFeePerGas.toString(),
      nowMs,
    ],
  );
};

/** The next nonce to allocate as last stored, or undefined for a key that this store has never used. */
export const storedNonce = async (tx: Tx, { chainId, sender }: Account): Promise<number | undefined> => {
  const [row] = await tx.all("SELECT next FROM nonces WHERE chain_id = ? AND sender = ?", [chainId, sender]);
  return row === undefined ? undefined : numberOf(row, "next");
};

/** Stores the next nonce to allocate. */
export const storeNonce = async (tx: Tx, { chainId, sender }: Account, next: number): Promise<void> => {
  await tx.run(
    "INSERT INTO nonces (chain_id, sender, next) VALUES (?, ?, ?) ON CONFLICT (chain_id, sender) DO UPDATE SET next = excluded.next",
    [chainId, sender, next],
  );
};
