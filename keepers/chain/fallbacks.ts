/** What members did on chain, for a request whose committee did not come together off chain. */
import type { Hex } from "viem";
import { bigintOf, numberOf, type Row, textOf, type Tx } from "../runtime/store.ts";

/**
 * An attestation that was made off chain and shown on chain. `signed`, as a reveal shows it again: for each member in draw
 * order whose commit was shown, its node id as a word, and its leaf.
 */
export type ShownRoot = { readonly nodeId: bigint; readonly signed: readonly Hex[] };

export type ChainFallback = {
  /** Leaves by node. */
  readonly committed: ReadonlyMap<bigint, Hex>;
  readonly shown: readonly ShownRoot[];
  /** The latest reveal by node. */
  readonly revealed: ReadonlyMap<bigint, { readonly digest: Hex; readonly isCounted: boolean }>;
};

/** Members that did nothing though a quorum could, which nobody has slashed yet. */
export type NoShows = { readonly requestId: Hex; readonly idle: bigint; readonly seenMs: number };

const hexOf = (row: Row): Hex => textOf(row, "value") as Hex; // written by this module only

/** Everything that is known of one request. */
export const loadFallback = async (tx: Tx, requestId: Hex): Promise<ChainFallback> => {
  const sql = "SELECT * FROM chain_fallbacks WHERE request_id = ? ORDER BY height, log_index LIMIT 1000";
  const rows = await tx.all(sql, [requestId]);
  const rowsOf = (kind: string): readonly Row[] => rows.filter((row) => textOf(row, "kind") === kind);
  return {
    committed: new Map(rowsOf("committed").map((row) => [bigintOf(row, "node_id"), hexOf(row)])),
    shown: rowsOf("shown").map((row) => ({
      nodeId: bigintOf(row, "node_id"),
      signed: textOf(row, "value").split(" ") as Hex[],
    })),
    revealed: new Map(
      ["revealed", "counted"].flatMap((kind) =>
        rowsOf(kind).map((row) => [bigintOf(row, "node_id"), { digest: hexOf(row), isCounted: kind === "counted" }]),
      ),
    ),
  };
};

/** Requests with no-shows that were proven after `sinceMs` and not all slashed. */
export const loadNoShows = async (tx: Tx, sinceMs: number): Promise<readonly NoShows[]> => {
  const rows = await tx.all(
    "SELECT request_id, value, seen_ms FROM chain_fallbacks WHERE kind = 'idle' AND seen_ms > ? ORDER BY height LIMIT 1000",
    [sinceMs],
  );
  return rows.map((row) => ({
    requestId: textOf(row, "request_id") as Hex,
    idle: BigInt(textOf(row, "value")),
    seenMs: numberOf(row, "seen_ms"),
  }));
};

/** Nodes that were slashed for a no-show in this request. */
export const loadSlashed = async (tx: Tx, requestId: Hex): Promise<ReadonlySet<bigint>> => {
  const sql = "SELECT node_id FROM chain_fallbacks WHERE request_id = ? AND kind = 'slashed'";
  return new Set((await tx.all(sql, [requestId])).map((row) => bigintOf(row, "node_id")));
};
