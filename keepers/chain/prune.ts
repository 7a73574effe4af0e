/** Forgets requests that ended long ago, so that the store does not grow for ever. */
import { setValue, type Tx } from "../runtime/store.ts";
import { prunedKey } from "./consumer.ts";

export type PruneOptions = {
  /** Ended requests, and rounds, that were seen before this are forgotten, milliseconds since 1970. */
  beforeMs: number;
  /** Nothing above this height is forgotten: as deep as reorganisations are followed. */
  belowHeight: bigint;
};

const ended =
  "ended_ms IS NOT NULL AND ended_ms < ? AND (settled_height IS NOT NULL OR refunded_height IS NOT NULL) AND " +
  "COALESCE(settled_height, 0) < ? AND COALESCE(refunded_height, 0) < ? AND COALESCE(delivered_height, 0) < ? AND " +
  "(failed_height IS NULL OR delivered_height IS NOT NULL OR failed_ms < ?)";

/**
 * Forgets ended requests and old rounds that no known request waits for. Returns how many requests. A later
 * reorganisation below `belowHeight` is refused by name instead of being followed in part.
 */
export const pruneEnded = async (tx: Tx, { beforeMs, belowHeight }: PruneOptions): Promise<number> => {
  const height = belowHeight;
  const params = [beforeMs, height, height, height, beforeMs];
  await tx.run(
    `DELETE FROM chain_verdicts WHERE request_id IN (SELECT request_id FROM chain_requests WHERE ${ended})`,
    params,
  );
  for (const table of ["chain_fallbacks", "chain_disputes", "chain_signed"])
    await tx.run(`DELETE FROM ${table} WHERE seen_ms < ? AND height < ?`, [beforeMs, height]);
  const beforeS = Math.floor(beforeMs / 1_000);
  await tx.run("DELETE FROM chain_evidence WHERE kind = 'bound' AND until_s < ? AND height < ?", [beforeS, height]);
  const requests = await tx.run(`DELETE FROM chain_requests WHERE ${ended}`, params);
  const rounds = await tx.run(
    "DELETE FROM chain_rounds WHERE seen_ms < ? AND height < ? AND round NOT IN (SELECT round FROM chain_requests)",
    [beforeMs, height],
  );
  if (requests + rounds > 0) await setValue(tx, ...prunedKey, belowHeight.toString());
  return requests;
};
