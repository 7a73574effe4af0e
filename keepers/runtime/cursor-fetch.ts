/** Reads logs for the cursor: in ranges far below the head, block by block and bound to hashes near it. */
import { ChainMovedError, RpcError } from "./errors.ts";
import { mapLimit } from "./concurrency.ts";
import type { Checkpoint } from "./cursor-types.ts";
import { type BlockHeader, type ChainLog, type LogFilter, readBlock, readLogs } from "./rpc-answers.ts";
import type { Rpc } from "./rpc-endpoint.ts";

export type Batch = { from: bigint; to: bigint; logs: readonly ChainLog[]; checkpoints: readonly Checkpoint[] };

/** How many blocks a request covers: halved when the node refuses, doubled when answers are small. */
export type RangeSizer = {
  size(): bigint;
  refused(blocks: bigint): void;
  /** A range of `blocks` gave `logs` logs. */
  answered(blocks: bigint, logs: number): void;
};

/** Blocks of the first request: little is known of the chain yet, and an answer must fit into memory. */
const firstRange = 256;

/** A sizer between 1 and `maxRange` blocks that aims at `targetLogs` logs per range. */
export const makeRangeSizer = (maxRange: number, targetLogs: number): RangeSizer => {
  let size = Math.max(1, Math.min(maxRange, firstRange));
  return {
    size: () => BigInt(size),
    refused: (blocks) => {
      size = Math.max(1, Math.min(size, Math.floor(Number(blocks) / 2)));
    },
    answered: (blocks, logs) => {
      if (logs > targetLogs) size = Math.max(1, Math.floor((Number(blocks) * targetLogs) / logs));
      else if (Number(blocks) >= size && logs < targetLogs / 2) size = Math.min(maxRange, size * 2);
    },
  };
};

/** Nodes refuse large ranges by an error of their own, by HTTP 413, or by not answering in time. */
const maySplit = (error: unknown): boolean =>
  error instanceof RpcError &&
  (error.kind === "answer" || error.kind === "timeout" || (error.kind === "http" && error.code === 413));

/** Logs of a range, in halves where the node refuses the whole. */
export const readLogsSplitting = async (
  rpc: Rpc,
  filter: LogFilter,
  { from, to }: { from: bigint; to: bigint },
  sizer: RangeSizer,
): Promise<readonly ChainLog[]> => {
  try {
    const logs = await readLogs(rpc, filter, { from, to });
    sizer.answered(to - from + 1n, logs.length);
    return logs;
  } catch (error) {
    if (from === to || !maySplit(error)) throw error;
    sizer.refused(to - from + 1n);
    const middle = (from + to) / 2n;
    const left = await readLogsSplitting(rpc, filter, { from, to: middle }, sizer);
    const right = await readLogsSplitting(rpc, filter, { from: middle + 1n, to }, sizer);
    return left.concat(right);
  }
};

const readRange = async (rpc: Rpc, filter: LogFilter, from: bigint, to: bigint, sizer: RangeSizer): Promise<Batch> => {
  const logs = await readLogsSplitting(rpc, filter, { from, to }, sizer);
  const last = await readBlock(rpc, to); // after the logs, from the same endpoint: it did have the whole range
  if (last === undefined) throw new ChainMovedError(`block ${to} vanished while its logs were read`);
  if (logs.some(({ blockNumber, blockHash }) => blockNumber === to && blockHash !== last.hash))
    throw new ChainMovedError(`block ${to} changed while its logs were read`);
  return { from, to, logs, checkpoints: [{ height: to, hash: last.hash }] };
};

/** Batches covering `from..to` in order; at most `lookahead` are read ahead. */
export async function* readRanges(
  rpc: Rpc,
  filter: LogFilter,
  { from, to, lookahead }: { from: bigint; to: bigint; lookahead: number },
  sizer: RangeSizer,
): AsyncGenerator<Batch> {
  const ahead: Promise<Batch>[] = [];
  let next = from;
  while (next <= to || ahead.length > 0) {
    while (next <= to && ahead.length < lookahead) {
      const end = next + sizer.size() - 1n < to ? next + sizer.size() - 1n : to;
      const batch = readRange(rpc, filter, next, end, sizer);
      batch.catch(() => {}); // reported when its turn comes
      ahead.push(batch);
      next = end + 1n;
    }
    const batch = await ahead.shift();
    if (batch !== undefined) yield batch;
  }
}

const checkLinks = (headers: readonly BlockHeader[], parent: Checkpoint | undefined): void => {
  headers.forEach((header, i) => {
    const before = headers[i - 1]?.hash ?? parent?.hash;
    if (before !== undefined && header.parentHash !== before)
      throw new ChainMovedError(`block ${header.number} does not follow the block before it`);
  });
};

/**
 * Blocks `from..to` one by one, logs asked for by block hash, so that a reorganisation between requests cannot mix two
 * chains. `parent` is the checkpoint of `from - 1`, if there is one. Throws ChainMovedError when the blocks do not link.
 */
export const readTip = async (
  rpc: Rpc,
  filter: LogFilter,
  {
    from,
    to,
    parent,
    requireLinks,
  }: { from: bigint; to: bigint; parent: Checkpoint | undefined; requireLinks: boolean },
): Promise<Batch> => {
  const heights = Array.from({ length: Number(to - from + 1n) }, (_, i) => from + BigInt(i));
  const headers = await mapLimit(heights, 8, async (height) => {
    const header = await readBlock(rpc, height);
    if (header === undefined) throw new ChainMovedError(`block ${height} vanished`);
    return header;
  });
  if (requireLinks) checkLinks(headers, parent);
  const logs = await mapLimit(headers, 8, async ({ hash, number }) => {
    const found = await readLogs(rpc, filter, { blockHash: hash });
    if (found.some(({ blockNumber }) => blockNumber !== number))
      throw new RpcError("garbage", "a log with another height than its block");
    return found;
  });
  return { from, to, logs: logs.flat(), checkpoints: headers.map(({ number, hash }) => ({ height: number, hash })) };
};
