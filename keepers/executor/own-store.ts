/**
 * What this node has decided, written before it is signed or sent: the first decision stands, whichever process made it,
 * so that no restart, kill or second process ever signs two leaves, two digests or a third root.
 */
import type { Hex } from "viem";
import type { Result } from "../network/results.ts";
import { bigintOf, numberOf, type Row, type Store, textOf, type Tx } from "../runtime/store.ts";
import { itemDigest } from "./outcome.ts";
import type { Decision, OwnResult } from "./plan.ts";

/** One item's outcome; a request that is no bundle has item 0 only. */
export type ItemResult = Result;

export type OwnStore = {
  result(requestId: Hex, nodeId: bigint): Promise<OwnResult | undefined>;
  /** Keeps the result unless there is one already, and returns the one that stands. */
  keepResult(requestId: Hex, nodeId: bigint, result: OwnResult, nowMs: number): Promise<OwnResult>;
  decisions(requestId: Hex, nodeId: bigint): Promise<readonly Decision[]>;
  /** Keeps the decision unless this root was decided already, and returns the one that stands. */
  keepDecision(requestId: Hex, nodeId: bigint, decision: Decision): Promise<Decision>;
  /** Keeps an item unless there is one already, and returns the digest of the one that stands. */
  keepItem(requestId: Hex, index: number, item: ItemResult, nowMs: number): Promise<Hex>;
  item(requestId: Hex, index: number): Promise<ItemResult | undefined>;
  /** Digests of the items that are kept, by index; their outputs together may be too long to be read at once. */
  digests(requestId: Hex): Promise<ReadonlyMap<number, Hex>>;
  /** Forgets what was decided before `beforeMs`. */
  prune(beforeMs: number): Promise<void>;
};

const hexOf = (row: Row, column: string): Hex => textOf(row, column) as Hex; // written by this file only

const resultOf = (row: Row): ItemResult => ({
  status: bigintOf(row, "status"),
  usage: bigintOf(row, "usage"),
  output: hexOf(row, "output"),
});

const ownResultOf = (row: Row): OwnResult => ({
  digest: hexOf(row, "digest"),
  salt: hexOf(row, "salt"),
  leaf: hexOf(row, "leaf"),
  result: resultOf(row),
});

const decisionOf = (row: Row): Decision => ({
  root: numberOf(row, "round") === 1 ? 1 : 2,
  committed: bigintOf(row, "committed"),
  leaves: textOf(row, "leaves").split(" ") as Hex[],
  decidedMs: numberOf(row, "decided_ms"),
});

const findResult = async (tx: Tx, requestId: Hex, nodeId: bigint): Promise<OwnResult | undefined> => {
  const sql = "SELECT * FROM executor_results WHERE request_id = ? AND node_id = ?";
  const [row] = await tx.all(sql, [requestId, nodeId]);
  return row === undefined ? undefined : ownResultOf(row);
};

const findDecisions = async (tx: Tx, requestId: Hex, nodeId: bigint): Promise<readonly Decision[]> => {
  const sql = "SELECT * FROM executor_attestations WHERE request_id = ? AND node_id = ? ORDER BY round";
  return (await tx.all(sql, [requestId, nodeId])).map(decisionOf);
};

const findDigests = async (tx: Tx, requestId: Hex): Promise<ReadonlyMap<number, Hex>> => {
  const rows = await tx.all("SELECT item, digest FROM executor_items WHERE request_id = ? ORDER BY item", [requestId]);
  return new Map(rows.map((row) => [numberOf(row, "item"), hexOf(row, "digest")]));
};

const findItem = async (tx: Tx, requestId: Hex, index: number): Promise<ItemResult | undefined> => {
  const sql = "SELECT status, usage, output FROM executor_items WHERE request_id = ? AND item = ?";
  const [row] = await tx.all(sql, [requestId, index]);
  return row === undefined ? undefined : resultOf(row);
};

const keepItem = async (tx: Tx, requestId: Hex, index: number, item: ItemResult, nowMs: number): Promise<Hex> => {
  const { status, usage, output } = item;
  const digest = itemDigest(item);
  const inserted = await tx.run(
    "INSERT INTO executor_items (request_id, item, status, usage, output, digest, created_ms) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request_id, item) DO NOTHING",
    [requestId, index, status, usage.toString(), output, digest, nowMs],
  );
  return inserted > 0 ? digest : ((await findDigests(tx, requestId)).get(index) ?? digest);
};

const keepDecision = async (tx: Tx, requestId: Hex, nodeId: bigint, decision: Decision): Promise<Decision> => {
  const { root, committed, leaves, decidedMs } = decision;
  await tx.run(
    "INSERT INTO executor_attestations (request_id, node_id, round, committed, leaves, decided_ms) " +
      "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (request_id, node_id, round) DO NOTHING",
    [requestId, nodeId, root, committed.toString(), leaves.join(" "), decidedMs],
  );
  const kept = (await findDecisions(tx, requestId, nodeId)).find((one) => one.root === root);
  if (kept === undefined) throw new Error(`the decision on root ${root} of ${requestId} was not kept`);
  return kept;
};

/** The decisions in `store`, which must have `executorMigrations`. */
export const makeOwnStore = (store: Store): OwnStore => ({
  result: (requestId, nodeId) => store.read((tx) => findResult(tx, requestId, nodeId)),
  keepResult: (requestId, nodeId, own, nowMs) =>
    store.tx(async (tx) => {
      const known = await findResult(tx, requestId, nodeId);
      if (known !== undefined) return known;
      const { status, usage, output } = own.result;
      await tx.run(
        "INSERT INTO executor_results (request_id, node_id, digest, salt, leaf, status, usage, output, created_ms) " +
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [requestId, nodeId, own.digest, own.salt, own.leaf, status, usage.toString(), output, nowMs],
      );
      return own;
    }),
  decisions: (requestId, nodeId) => store.read((tx) => findDecisions(tx, requestId, nodeId)),
  keepDecision: (requestId, nodeId, decision) => store.tx((tx) => keepDecision(tx, requestId, nodeId, decision)),
  keepItem: (requestId, index, item, nowMs) => store.tx((tx) => keepItem(tx, requestId, index, item, nowMs)),
  item: (requestId, index) => store.read((tx) => findItem(tx, requestId, index)),
  digests: (requestId) => store.read((tx) => findDigests(tx, requestId)),
  prune: (beforeMs) =>
    store.tx(async (tx) => {
      await tx.run("DELETE FROM executor_results WHERE created_ms < ?", [beforeMs]);
      await tx.run("DELETE FROM executor_items WHERE created_ms < ?", [beforeMs]);
      await tx.run("DELETE FROM executor_attestations WHERE decided_ms < ?", [beforeMs]);
    }),
});
