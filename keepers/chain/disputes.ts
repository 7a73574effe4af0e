/** Disputes over requests, and who was punished for what it said. */
import type { Hex } from "viem";
import { bigintOf, type Row, textOf, type Tx } from "../runtime/store.ts";

/** What disputes are judged by, in the version that they were opened under. Times in seconds. */
export type DisputeParameters = {
  /** Jurors of a first panel at least. */
  readonly panelMin: number;
  readonly panelWindow: number;
  readonly appealWindow: number;
  readonly punishWindow: number;
};

const maxOpen = 10_000;

const requestOf = (row: Row): Hex => textOf(row, "request_id") as Hex; // written by this module only

/** Requests with a dispute that is not closed, oldest first. */
export const loadOpenDisputes = async (tx: Tx): Promise<readonly Hex[]> => {
  const rows = await tx.all(
    "SELECT request_id FROM chain_disputes opened WHERE kind = 'opened' AND NOT EXISTS (SELECT 1 FROM chain_disputes " +
      "closed WHERE closed.request_id = opened.request_id AND closed.kind = 'closed') ORDER BY height, log_index LIMIT ?",
    [maxOpen],
  );
  return rows.map(requestOf);
};

/** Nodes that were punished over a request: for silence, or with all that backs the task. */
export const loadPunished = async (tx: Tx, requestId: Hex): Promise<ReadonlyMap<bigint, "all" | "silent">> => {
  const sql =
    "SELECT node_id, kind FROM chain_disputes WHERE request_id = ? AND kind IN ('condemned', 'silent') ORDER BY kind DESC";
  const rows = await tx.all(sql, [requestId]); // a condemned node comes last, so that it overrules its silence
  return new Map(
    rows.map((row) => [bigintOf(row, "node_id"), textOf(row, "kind") === "condemned" ? "all" : "silent"] as const),
  );
};

/** The parameters of a version, or undefined if they were set before the view began. */
export const loadDisputeParameters = async (tx: Tx, version: bigint): Promise<DisputeParameters | undefined> => {
  const [row] = await tx.all(
    "SELECT value FROM chain_facts WHERE space = 'dispute' AND key = ? AND field = 'parameters' ORDER BY height DESC LIMIT 1",
    [version],
  );
  return row === undefined ? undefined : (JSON.parse(textOf(row, "value")) as DisputeParameters);
};
