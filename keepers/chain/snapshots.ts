/**
 * Snapshots: contract code that never changes on one chain, so it is fetched once and kept in the store, under the block
 * that made it. Another chain (after a reorganisation) may have another snapshot under the same id.
 */
import type { Address, Hex } from "viem";
import { type Snapshot, decodeSnapshot } from "../../sdk/committee/snapshot.ts";
import { snapshotAddress } from "../../sdk/committee/snapshot-address.ts";
import { decodeTaskWord, encodeTaskWord } from "../../sdk/words/task-word.ts";
import { RpcError } from "../runtime/errors.ts";
import type { Rpc } from "../runtime/rpc-endpoint.ts";
import { bigintOf, optional, type Store, textOf } from "../runtime/store.ts";

/** The chain view has not seen the publication of this snapshot. */
export class SnapshotUnknownError extends Error {
  override readonly name = "SnapshotUnknownError";
  constructor(snapshotId: bigint) {
    super(`snapshot ${snapshotId} has not been seen published: the chain view lags, or it never was`);
  }
}

export type SnapshotsDeps = { store: Store; rpc: Rpc; taskRegistry: Address };

/** Decoded snapshots in memory, least recently used dropped; each has at most 3,067 entries. */
const maxCached = 64;

type Published = {
  snapshotId: bigint;
  taskId: bigint;
  blockHash: Hex;
  word: bigint | undefined;
  code: Hex | undefined;
};

const loadPublished = (store: Store, snapshotId: bigint): Promise<Published | undefined> =>
  store.read(async (tx) => {
    if (snapshotId < 1n || snapshotId >> 32n !== 0n) return undefined;
    const [row] = await tx.all("SELECT * FROM chain_snapshots WHERE snapshot_id = ?", [snapshotId]);
    if (row === undefined) return undefined;
    return {
      snapshotId,
      taskId: bigintOf(row, "task_id"),
      blockHash: textOf(row, "block_hash") as Hex,
      word: optional(bigintOf, row, "word"),
      code: optional(textOf, row, "code") as Hex | undefined,
    };
  });

/** Decodes code and holds it against what the escrow announced. Throws RpcError "garbage" on any difference. */
const checkedSnapshot = ({ snapshotId, taskId, word }: Published, code: Hex): Snapshot => {
  const fault = (why: string, cause?: unknown): RpcError =>
    new RpcError("garbage", `the RPC's code of snapshot ${snapshotId} ${why}`, { cause });
  let snapshot: Snapshot;
  try {
    snapshot = decodeSnapshot(code);
  } catch (cause) {
    throw fault("cannot be read", cause);
  }
  if (snapshot.header.id !== taskId) throw fault("is of another task");
  if (word === undefined) return snapshot;
  const announced = encodeTaskWord({ ...decodeTaskWord(word), id: taskId });
  if (encodeTaskWord(snapshot.header) !== announced) throw fault("differs from what the escrow announced");
  return snapshot;
};

/** Code as it was in the block that made it; nodes without that block's state are asked for the newest. */
const fetchCode = async (rpc: Rpc, address: Address, blockHash: Hex): Promise<Hex> => {
  const byHash = rpc.request("eth_getCode", [address, { blockHash, requireCanonical: true }]);
  const answer = await byHash.catch((error: unknown) => {
    if (error instanceof RpcError && error.kind === "answer") return rpc.request("eth_getCode", [address, "latest"]);
    throw error;
  });
  if (typeof answer !== "string" || !/^0x([0-9a-f]{2})*$/i.test(answer))
    throw new RpcError("garbage", "the RPC answered garbage: the code is no hex");
  return answer.toLowerCase() as Hex;
};

/** A reader of snapshots. Rejects with SnapshotUnknownError, or RpcError when the code cannot be had. */
export const makeSnapshots = ({
  store,
  rpc,
  taskRegistry,
}: SnapshotsDeps): ((snapshotId: bigint) => Promise<Snapshot>) => {
  const cache = new Map<string, Snapshot>();
  const remember = (key: string, snapshot: Snapshot): Snapshot => {
    cache.delete(key);
    cache.set(key, snapshot);
    const oldest = cache.size > maxCached ? cache.keys().next().value : undefined;
    if (oldest !== undefined) cache.delete(oldest);
    return snapshot;
  };
  return async (snapshotId) => {
    const published = await loadPublished(store, snapshotId);
    if (published === undefined) throw new SnapshotUnknownError(snapshotId);
    const key = `${snapshotId}:${published.blockHash}`;
    const cached = cache.get(key);
    if (cached !== undefined) return remember(key, cached);
    const { code } = published;
    if (code !== undefined) return remember(key, checkedSnapshot(published, code));
    const fetched = await fetchCode(rpc, snapshotAddress(taskRegistry, snapshotId), published.blockHash);
    const snapshot = checkedSnapshot(published, fetched);
    await store.tx((tx) =>
      tx.run("UPDATE chain_snapshots SET code = ? WHERE snapshot_id = ? AND block_hash = ?", [
        fetched,
        snapshotId,
        published.blockHash,
      ]),
    );
    return remember(key, snapshot);
  };
};
