/**
 * A reorg-safe reader of contract logs. Each batch is one store transaction: the consumers' effects and the new position
 * commit together, so a killed process neither skips nor repeats a log. Before reading on, the last applied block is
 * compared with the chain by hash; on a mismatch the cursor walks back to the common ancestor, tells the consumers to
 * undo everything above it, and reads anew.
 */
import type { Clock } from "./clock.ts";
import { type Batch, makeRangeSizer, readRanges, readTip } from "./cursor-fetch.ts";
import { loadCheckpoints, loadHeight, saveBatch, saveRollback } from "./cursor-store.ts";
import type { Checkpoint, CursorConsumer, CursorOptions, CursorReport } from "./cursor-types.ts";
import { ChainMovedError, NodeUnsyncedError } from "./errors.ts";
import type { Log } from "./log.ts";
import type { FailoverRpc } from "./rpc.ts";
import { type BlockHeader, readBlock } from "./rpc-answers.ts";
import type { Rpc } from "./rpc-endpoint.ts";
import type { Store } from "./store.ts";

export type CursorDeps = {
  store: Store;
  rpc: Pick<FailoverRpc, "pin">;
  clock: Clock;
  log: Log;
  consumers: readonly CursorConsumer[];
};

export type Cursor = {
  /**
   * Reads up to the head that it sees, or until `signal` aborts (between batches). Rejects when the RPC or a consumer
   * fails; everything committed before stays, and the next pass goes on from there. Concurrent calls share one pass.
   */
  pass(signal?: AbortSignal): Promise<CursorReport>;
  /** Height of the last block applied. */
  height(): Promise<bigint>;
};

type Position = { height: bigint; checkpoints: readonly Checkpoint[] };

/** The highest checkpoint that is on the node's chain. Checkpoints match up to some height and not above: bisection. */
const commonAncestor = async (rpc: Rpc, checkpoints: readonly Checkpoint[]): Promise<Checkpoint | undefined> => {
  let low = 0; // the number of checkpoints known to match
  let high = checkpoints.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = checkpoints[middle];
    const header = one === undefined ? undefined : await readBlock(rpc, one.height);
    if (header !== undefined && header.hash === one?.hash) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : checkpoints[low - 1];
};

/** True when the chain that the node shows contains the last applied block, or only lags behind it. */
const isOnChain = async (rpc: Rpc, { checkpoints }: Position, tip: BlockHeader): Promise<boolean> => {
  const below = checkpoints.findLast(({ height }) => height <= tip.number);
  if (below === undefined) {
    if (checkpoints.length === 0) return true;
    throw new NodeUnsyncedError(
      `the node's head ${tip.number} is below every checkpoint: it lags, or the store is of another chain`,
    );
  }
  const header = below.height === tip.number ? tip : await readBlock(rpc, below.height);
  return header?.hash === below.hash;
};

/** A cursor. Makes no request until the first pass. */
export const makeCursor = (deps: CursorDeps, options: CursorOptions): Cursor => {
  const { store, clock, log, consumers } = deps;
  const { name, filter, startBlock, mode, confirmations = 0, depth = 64, requireLinks = true } = options;
  const { maxRange = 5_000, lookahead = 3, targetLogs = 5_000 } = options;
  const sizer = makeRangeSizer(maxRange, targetLogs);
  const keep = depth * 2;
  let running: Promise<CursorReport> | undefined;

  const position = (): Promise<Position> =>
    store.read(async (tx) => ({
      height: (await loadHeight(tx, name)) ?? startBlock - 1n,
      checkpoints: await loadCheckpoints(tx, name),
    }));
  const commit = async ({ from, to, logs, checkpoints }: Batch): Promise<void> => {
    await store.tx(async (tx) => {
      const height = (await loadHeight(tx, name)) ?? startBlock - 1n;
      if (height !== from - 1n) throw new ChainMovedError(`cursor "${name}" was moved by another process`);
      for (const consumer of consumers) await consumer.apply(tx, logs, { from, to });
      await saveBatch(tx, name, to, checkpoints, { keep, nowMs: clock.now() });
    });
  };
  const rollBack = async (rpc: Rpc, { height, checkpoints }: Position): Promise<bigint> => {
    const ancestor = (await commonAncestor(rpc, checkpoints))?.height ?? startBlock - 1n;
    await store.tx(async (tx) => {
      for (const consumer of consumers) await consumer.rollback(tx, ancestor);
      await saveRollback(tx, name, ancestor, clock.now());
    });
    log.warn(
      { cursor: name, from: height, to: ancestor },
      "the chain was reorganised: rolled back to the common ancestor",
    );
    return ancestor;
  };
  const readHead = async (rpc: Rpc): Promise<{ tip: BlockHeader; head: bigint }> => {
    const tip = await readBlock(rpc, mode);
    if (tip === undefined) throw new ChainMovedError(`the node has no ${mode} block yet`);
    return { tip, head: tip.number - BigInt(confirmations) };
  };
  const tipBatch = async (rpc: Rpc, from: bigint, head: bigint): Promise<Batch> => {
    const { checkpoints } = await position();
    const parent = checkpoints.findLast(({ height }) => height === from - 1n);
    const end = from + BigInt(depth) - 1n;
    return readTip(rpc, filter, { from, to: end < head ? end : head, parent, requireLinks });
  };
  async function* batches(rpc: Rpc, height: bigint, head: bigint): AsyncGenerator<Batch> {
    const rangeEnd = head - BigInt(depth);
    let next = height + 1n;
    if (next <= rangeEnd) yield* readRanges(rpc, filter, { from: next, to: rangeEnd, lookahead }, sizer);
    if (next <= rangeEnd) next = rangeEnd + 1n;
    while (next <= head) {
      const batch = await tipBatch(rpc, next, head);
      yield batch;
      next = batch.to + 1n;
    }
  }
  const run = async (signal: AbortSignal | undefined): Promise<CursorReport> => {
    const rpc = deps.rpc.pin();
    const { tip, head } = await readHead(rpc);
    const before = await position();
    const isSame = await isOnChain(rpc, before, tip);
    let height = isSame ? before.height : await rollBack(rpc, before);
    const rolledBack = isSame ? undefined : { from: before.height, to: height };
    let logs = 0;
    for await (const batch of batches(rpc, height, head)) {
      await commit(batch);
      height = batch.to;
      logs += batch.logs.length;
      if (signal?.aborted) break;
    }
    return { height, head, logs, rolledBack, isCaughtUp: height >= head };
  };
  return {
    pass: (signal) => (running ??= run(signal).finally(() => (running = undefined))),
    height: async () => (await position()).height,
  };
};
