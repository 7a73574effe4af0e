/** Requests in the chain view's tables: rows and queries. */
import type { Address, Hex } from "viem";
import { decodeRequest } from "../../sdk/words/request.ts";
import { StoreError } from "../runtime/errors.ts";
import { hexOfBytes } from "../runtime/hex.ts";
import { bigintOf, optional, type Row, textOf, type Tx } from "../runtime/store.ts";
import type { ChainRequest, RequestState } from "./view.ts";

/** A request without its input, which can be large. */
export type RequestCore = Omit<ChainRequest, "data">;

/** The same with what planning needs besides. */
export type RequestSummary = RequestCore & {
  /** When the keeper saw the callback fail, milliseconds since 1970; undefined if it did not or was delivered since. */
  readonly callbackFailedMs: number | undefined;
  /** Whether a dispute was opened over it: until its verdict nothing else goes on. */
  readonly isDisputed: boolean;
  /** What the dispute ended with; undefined as long as it goes on. */
  readonly verdict?: RequestVerdict | undefined;
};

/** `digest`: fingerprint of the one that settles, zero if any quorum's does. `untilS`: last second for an open request. */
export type RequestVerdict = { readonly digest: bigint; readonly untilS: bigint };

/** A failed callback can be retried for seven days; two hours more for clocks. */
const retryWindowMs = (7 * 24 + 2) * 3_600_000;
const batch = 500;

const summaryColumns =
  "request_id, height, log_index, origin, work, rules, terms, input_digest, recorded_height, recorded_tx, recorded_digest, " +
  "recorded_head, settler, finalize_after_s, settled_height, settled_tx, settled_digest, settled_head, refunded_height, " +
  "failed_height, failed_ms, delivered_height";

/** The predicate of the index `chain_requests_active`, word for word. */
const isActive =
  "refunded_height IS NULL AND (settled_height IS NULL OR (failed_height IS NOT NULL AND delivered_height IS NULL))";

const hexOf = (row: Row, column: string): Hex => textOf(row, column) as Hex;
const has = (row: Row, column: string): boolean => row[column] !== null && row[column] !== undefined;

const stateOf = (row: Row): RequestState => {
  if (has(row, "refunded_height")) return "refunded";
  if (has(row, "settled_height")) return "settled";
  return has(row, "recorded_height") ? "recorded" : "open";
};

const outcomeOf = (row: Row): Pick<ChainRequest, "outcome"> => {
  const last = has(row, "settled_height") ? "settled" : has(row, "recorded_height") ? "recorded" : undefined;
  if (last === undefined) return {};
  const settler = optional(hexOf, row, "settler");
  const finalizeAfterS = optional(bigintOf, row, "finalize_after_s");
  const recordedHash = last === "settled" ? optional(hexOf, row, "recorded_tx") : undefined;
  const outcome = {
    digest: hexOf(row, `${last}_digest`),
    head: bigintOf(row, `${last}_head`),
    transactionHash: hexOf(row, `${last}_tx`),
    callbackFailed: has(row, "failed_height") && !has(row, "delivered_height"),
    ...(settler === undefined ? {} : { settler: settler as Address }),
    ...(finalizeAfterS === undefined ? {} : { finalizeAfterS }),
    ...(recordedHash === undefined ? {} : { recordedHash }),
  };
  return { outcome };
};

const coreOf = (row: Row): RequestCore => {
  const words = {
    origin: bigintOf(row, "origin"),
    work: bigintOf(row, "work"),
    rules: bigintOf(row, "rules"),
    terms: bigintOf(row, "terms"),
    inputDigest: hexOf(row, "input_digest"),
  };
  return {
    requestId: hexOf(row, "request_id"),
    words,
    fields: decodeRequest(words),
    blockNumber: bigintOf(row, "height"),
    state: stateOf(row),
    ...outcomeOf(row),
  };
};

const dataOf = (row: Row): Hex => {
  const { data } = row;
  if (!(data instanceof Uint8Array)) throw new StoreError('column "data" of a request holds no bytes');
  return hexOfBytes(data);
};

const toRequest = (row: Row): ChainRequest => ({ ...coreOf(row), data: dataOf(row) });

type Place = { height: bigint; index: bigint };

/** Active rows in pages, so that no query is unbounded. */
async function* activeRows(tx: Tx, columns: string, nowMs: number): AsyncGenerator<Row> {
  let after: Place = { height: -1n, index: -1n };
  for (;;) {
    const rows = await tx.all(
      `SELECT ${columns} FROM chain_requests WHERE ${isActive} AND (failed_ms IS NULL OR failed_ms > ?) AND ` +
        "(height > ? OR (height = ? AND log_index > ?)) ORDER BY height, log_index LIMIT ?",
      [nowMs - retryWindowMs, after.height, after.height, after.index, batch],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < batch) return;
    after = { height: bigintOf(last, "height"), index: bigintOf(last, "log_index") };
  }
}

/** The active requests with their inputs, oldest first. */
export const loadActive = async (tx: Tx, nowMs: number): Promise<readonly ChainRequest[]> => {
  const requests: ChainRequest[] = [];
  for await (const row of activeRows(tx, `${summaryColumns}, data`, nowMs)) requests.push(toRequest(row));
  return requests;
};

const loadDisputed = async (tx: Tx): Promise<ReadonlySet<string>> => {
  const rows = await tx.all(
    "SELECT d.request_id AS request_id FROM chain_disputes d JOIN chain_requests r ON r.request_id = d.request_id " +
      "WHERE d.kind = 'opened' AND r.refunded_height IS NULL AND r.settled_height IS NULL LIMIT 10000",
  );
  return new Set(rows.map((row) => textOf(row, "request_id")));
};

const loadVerdicts = async (tx: Tx): Promise<ReadonlyMap<string, RequestVerdict>> => {
  const rows = await tx.all(
    `SELECT v.request_id AS request_id, v.digest AS digest, v.until_s AS until_s FROM chain_verdicts v JOIN chain_requests r ` +
      `ON r.request_id = v.request_id WHERE r.refunded_height IS NULL AND r.settled_height IS NULL LIMIT 10000`,
  );
  return new Map(
    rows.map((row) => [
      textOf(row, "request_id"),
      { digest: BigInt(textOf(row, "digest")) >> 64n, untilS: bigintOf(row, "until_s") },
    ]),
  );
};

/** The active requests without their inputs, oldest first. */
export const loadActiveSummaries = async (tx: Tx, nowMs: number): Promise<readonly RequestSummary[]> => {
  const [disputed, verdicts] = [await loadDisputed(tx), await loadVerdicts(tx)];
  const requests: RequestSummary[] = [];
  for await (const row of activeRows(tx, summaryColumns, nowMs)) {
    const core = coreOf(row);
    const isFailed = core.outcome?.callbackFailed === true;
    const callbackFailedMs = isFailed ? Number(bigintOf(row, "failed_ms")) : undefined;
    const { requestId } = core;
    const [isDisputed, verdict] = [disputed.has(requestId), verdicts.get(requestId)];
    requests.push({ ...core, callbackFailedMs, isDisputed, verdict });
  }
  return requests;
};

/** The newest requests, in whatever state, newest first. */
export const loadNewest = async (tx: Tx, count: number): Promise<readonly RequestCore[]> => {
  const sql = `SELECT ${summaryColumns} FROM chain_requests ORDER BY height DESC, log_index DESC LIMIT ?`;
  return (await tx.all(sql, [count])).map(coreOf);
};

/** The request, or undefined if the view does not know it (any more). */
export const loadRequest = async (tx: Tx, requestId: Hex): Promise<ChainRequest | undefined> => {
  const [row] = await tx.all(`SELECT ${summaryColumns}, data FROM chain_requests WHERE request_id = ?`, [
    requestId.toLowerCase(),
  ]);
  return row === undefined ? undefined : toRequest(row);
};
