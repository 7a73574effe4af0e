/** Position and checkpoints of cursors in the store: queries only. */
import type { Hex } from "viem";
import type { Checkpoint } from "./cursor-types.ts";
import { bigintOf, optional, textOf, type Tx } from "./store.ts";

/** Old checkpoints at least so many blocks apart are kept, for reorganisations and lagging nodes beyond the usual. */
const anchorSpacing = 1_024n;
const maxAnchors = 256;

/** The last block applied, or undefined before the first. */
export const loadHeight = async (tx: Tx, name: string): Promise<bigint | undefined> => {
  const [row] = await tx.all("SELECT height FROM cursors WHERE name = ?", [name]);
  return row === undefined ? undefined : bigintOf(row, "height");
};

/** Checkpoints, lowest first. There are never more than `keep` of `saveBatch`, and 256 anchors. */
export const loadCheckpoints = async (tx: Tx, name: string): Promise<readonly Checkpoint[]> => {
  const rows = await tx.all("SELECT height, hash FROM cursor_blocks WHERE name = ? ORDER BY height", [name]);
  return rows.map((row) => ({ height: bigintOf(row, "height"), hash: textOf(row, "hash") as Hex }));
};

const saveHeight = async (tx: Tx, name: string, height: bigint, nowMs: number): Promise<void> => {
  await tx.run(
    "INSERT INTO cursors (name, height, updated_ms) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET " +
      "height = excluded.height, updated_ms = excluded.updated_ms",
    [name, height, nowMs],
  );
};

const addCheckpoints = async (tx: Tx, name: string, checkpoints: readonly Checkpoint[]): Promise<void> => {
  const [row] = await tx.all("SELECT MAX(height) AS height FROM cursor_blocks WHERE name = ? AND anchor = 1", [name]);
  let anchor = row === undefined ? undefined : optional(bigintOf, row, "height");
  const rows = checkpoints.map(({ height, hash }) => {
    const isAnchor = anchor === undefined || height - anchor >= anchorSpacing;
    if (isAnchor) anchor = height;
    return [name, height, hash, isAnchor ? 1 : 0] as const;
  });
  await tx.runMany("INSERT INTO cursor_blocks (name, height, hash, anchor) VALUES (?, ?, ?, ?)", rows);
};

/** Moves the position and adds checkpoints; the newest `keep` stay, and sparse older ones as anchors. */
export const saveBatch = async (
  tx: Tx,
  name: string,
  height: bigint,
  checkpoints: readonly Checkpoint[],
  { keep, nowMs }: { keep: number; nowMs: number },
): Promise<void> => {
  await saveHeight(tx, name, height, nowMs);
  await addCheckpoints(tx, name, checkpoints);
  const beyond = (limit: string): string =>
    `height < (SELECT MIN(height) FROM (SELECT height FROM cursor_blocks WHERE name = ? ${limit} LIMIT ?) AS newest)`;
  await tx.run(`DELETE FROM cursor_blocks WHERE name = ? AND anchor = 0 AND ${beyond("ORDER BY height DESC")}`, [
    name,
    name,
    keep,
  ]);
  await tx.run(`DELETE FROM cursor_blocks WHERE name = ? AND ${beyond("AND anchor = 1 ORDER BY height DESC")}`, [
    name,
    name,
    maxAnchors,
  ]);
};

/** Moves the position back and forgets checkpoints above it. */
export const saveRollback = async (tx: Tx, name: string, height: bigint, nowMs: number): Promise<void> => {
  await saveHeight(tx, name, height, nowMs);
  await tx.run("DELETE FROM cursor_blocks WHERE name = ? AND height > ?", [name, height]);
};
