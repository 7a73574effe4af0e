/** The chain view over the store, the log cursor and the RPC. */
import type { Address, Hex } from "viem";
import { unpackWord } from "../../sdk/drand/word.ts";
import type { Clock } from "../runtime/clock.ts";
import { makeCursor } from "../runtime/cursor.ts";
import type { CursorOptions, CursorReport } from "../runtime/cursor-types.ts";
import { ChainMovedError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { FailoverRpc } from "../runtime/rpc.ts";
import { readBlock } from "../runtime/rpc-answers.ts";
import { getValue, setValue, type Store, textOf, type Tx } from "../runtime/store.ts";
import { makeChainConsumer } from "./consumer.ts";
import { logFilterOf, makeDecoder } from "./events.ts";
import type { Instance } from "./instance.ts";
import { type ChainFallback, loadFallback, loadNoShows, loadSlashed, type NoShows } from "./fallbacks.ts";
import { type DisputeParameters, loadDisputeParameters, loadOpenDisputes, loadPunished } from "./disputes.ts";
import {
  type BoundKey,
  loadBoundKey,
  loadBoundKeys,
  loadIssuers,
  loadPcks,
  type RegisteredIssuer,
  type RegisteredPck,
} from "./evidence.ts";
import { pruneEnded } from "./prune.ts";
import {
  type JailedSubscriber,
  loadJailedSubscribers,
  loadNode,
  loadNodeOfSigner,
  loadPool,
  loadSignersAt,
  loadTask,
  loadTasks,
  loadSubscribers,
  loadTasksOfNode,
  type PoolFacts,
  type Subscriber,
} from "./registry.ts";
import {
  loadActive,
  loadActiveSummaries,
  loadNewest,
  loadRequest,
  type RequestCore,
  type RequestSummary,
} from "./requests.ts";
import { makeSnapshots } from "./snapshots.ts";
import type { ChainRound, ChainView } from "./view.ts";

export type ChainViewDeps = {
  store: Store;
  rpc: FailoverRpc;
  clock: Clock;
  log: Log;
  instance: Instance;
  /** How the cursor reads; the defaults follow the newest block and undo reorganisations. */
  cursor?: Partial<Pick<CursorOptions, "mode" | "confirmations" | "depth" | "maxRange">>;
  /** Ended requests are kept for so long; at least the seven days in which a callback can be retried. */
  retentionMs?: number;
};

/** The view that jobs read, and what keeps it up to date. */
export type ChainFollower = ChainView & {
  /** Reads the chain up to its head. Rejects when that fails; what was read before stays. Concurrent calls share one pass. */
  readonly sync: (signal?: AbortSignal) => Promise<CursorReport>;
  /** As `activeRequests`, without the inputs and with what planning needs besides. */
  readonly activeSummaries: () => Promise<readonly RequestSummary[]>;
  /** What members did on chain for a request. */
  readonly fallback: (requestId: Hex) => Promise<ChainFallback>;
  /** No-shows that this keeper saw proven since then, milliseconds since 1970. */
  readonly noShows: (sinceMs: number) => Promise<readonly NoShows[]>;
  /** Nodes that were slashed for a no-show in a request. */
  readonly slashed: (requestId: Hex) => Promise<ReadonlySet<bigint>>;
  /** Disputes that are not closed, oldest first. */
  readonly openDisputes: () => Promise<readonly Hex[]>;
  /** Nodes that lost all stake that backed the task (`all`), or a part of it for silence, over a request. */
  readonly punished: (requestId: Hex) => Promise<ReadonlyMap<bigint, "all" | "silent">>;
  /** Undefined for a version that was set before the start block. */
  readonly disputeParameters: (version: bigint) => Promise<DisputeParameters | undefined>;
  /** The newest requests, in whatever state, newest first. */
  readonly newestRequests: (count: number) => Promise<readonly RequestCore[]>;
  /** Keys whose signatures settle a request made in this block. */
  readonly signersAt: (nodeId: bigint, blockNumber: bigint) => Promise<readonly Address[]>;
  /** The pool of a task as of a time, Unix seconds. */
  readonly pool: (taskId: bigint, nowS: bigint) => Promise<PoolFacts>;
  /** Nodes in jail that subscribe to a task. */
  readonly jailedSubscribers: (taskId: bigint) => Promise<readonly JailedSubscriber[]>;
  /** Nodes that subscribe to a task and are not in jail. */
  readonly subscribers: (taskId: bigint) => Promise<readonly Subscriber[]>;
  readonly tasksOfNode: (nodeId: bigint) => Promise<readonly bigint[]>;
  /** Machines' certificates that are registered and not revoked on chain. */
  readonly pcks: () => Promise<readonly RegisteredPck[]>;
  /** Authorities and signers that are registered, revoked or not. */
  readonly issuers: () => Promise<readonly RegisteredIssuer[]>;
  /** What a key was bound to a workload with last; undefined if nothing is known, or it was ended. */
  readonly boundKey: (workloadId: Hex, signer: Address) => Promise<BoundKey | undefined>;
  /** Keys that are bound to workloads as of a time, Unix seconds. */
  readonly boundKeys: (nowS: number) => Promise<readonly BoundKey[]>;
  /** Forgets requests that ended longer ago than the retention. Returns how many. */
  readonly prune: () => Promise<number>;
};

const headKey = ["chain", "head"] as const;
const week = 7 * 24 * 3_600_000;
const attempts = 3;

const loadRound = async (tx: Tx, round: bigint): Promise<ChainRound | undefined> => {
  if (round < 1n || round >> 32n !== 0n) return undefined;
  const [row] = await tx.all("SELECT word FROM chain_rounds WHERE round = ?", [round]);
  return row === undefined ? undefined : unpackWord(BigInt(textOf(row, "word")));
};

const loadHead = async (tx: Tx): Promise<{ blockNumber: bigint; timestampS: bigint }> => {
  const text = await getValue(tx, ...headKey);
  if (text === undefined) return { blockNumber: -1n, timestampS: 0n };
  const [blockNumber = "", timestampS = ""] = text.split(" ");
  return { blockNumber: BigInt(blockNumber), timestampS: BigInt(timestampS) };
};

/**
 * A view of the instance. Its tables are `chainMigrations`. Makes no request until the first `sync`; before that, and
 * after a restart, it shows what the store holds.
 */
export const makeChainView = (deps: ChainViewDeps): ChainFollower => {
  const { store, rpc, clock, log, instance, retentionMs = 2 * week } = deps;
  const depth = deps.cursor?.depth ?? 64;
  const consumer = makeChainConsumer({ clock, log, decode: makeDecoder(instance) });
  const cursor = makeCursor(
    { store, rpc, clock, log, consumers: [consumer] },
    {
      name: `chain:${instance.chainId}:${instance.escrow.toLowerCase()}`,
      filter: logFilterOf(instance),
      startBlock: instance.startBlock,
      mode: "latest",
      ...deps.cursor,
    },
  );
  const snapshot = makeSnapshots({ store, rpc, taskRegistry: instance.taskRegistry });

  /** Another process on the same store may move the cursor first: then the pass starts over from there. */
  const pass = async (signal: AbortSignal | undefined, left = attempts): Promise<CursorReport> => {
    try {
      return await cursor.pass(signal);
    } catch (error) {
      if (!(error instanceof ChainMovedError) || left <= 1) throw error;
      return pass(signal, left - 1);
    }
  };
  const saveHead = async (height: bigint): Promise<void> => {
    if (height < instance.startBlock) return;
    const header = await readBlock(rpc, height);
    if (header === undefined) throw new ChainMovedError(`block ${height} vanished after it was read`);
    await store.tx((tx) => setValue(tx, ...headKey, `${height} ${header.timestampS}`));
  };
  const read = <T>(fn: (tx: Tx) => Promise<T>): Promise<T> => store.read(fn);

  return {
    sync: async (signal) => {
      const report = await pass(signal);
      await saveHead(report.height);
      return report;
    },
    activeRequests: () => read((tx) => loadActive(tx, clock.now())),
    activeSummaries: () => read((tx) => loadActiveSummaries(tx, clock.now())),
    request: (requestId: Hex) => read((tx) => loadRequest(tx, requestId)),
    fallback: (requestId) => read((tx) => loadFallback(tx, requestId)),
    noShows: (sinceMs) => read((tx) => loadNoShows(tx, sinceMs)),
    slashed: (requestId) => read((tx) => loadSlashed(tx, requestId)),
    openDisputes: () => read(loadOpenDisputes),
    punished: (requestId) => read((tx) => loadPunished(tx, requestId)),
    disputeParameters: (version) => read((tx) => loadDisputeParameters(tx, version)),
    newestRequests: (count) => read((tx) => loadNewest(tx, count)),
    round: (round) => read((tx) => loadRound(tx, round)),
    snapshot,
    node: (nodeId) => read((tx) => loadNode(tx, nodeId)),
    nodeOfSigner: (signer) => read((tx) => loadNodeOfSigner(tx, signer)),
    signersAt: (nodeId, blockNumber) => read((tx) => loadSignersAt(tx, nodeId, blockNumber)),
    task: (taskId) => read((tx) => loadTask(tx, taskId)),
    tasks: () => read(loadTasks),
    pool: (taskId, nowS) => read((tx) => loadPool(tx, taskId, nowS)),
    jailedSubscribers: (taskId) => read((tx) => loadJailedSubscribers(tx, taskId)),
    subscribers: (taskId) => read((tx) => loadSubscribers(tx, taskId)),
    tasksOfNode: (nodeId) => read((tx) => loadTasksOfNode(tx, nodeId)),
    pcks: () => read(loadPcks),
    issuers: () => read(loadIssuers),
    boundKey: (workloadId, signer) => read((tx) => loadBoundKey(tx, workloadId, signer)),
    boundKeys: (nowS) => read((tx) => loadBoundKeys(tx, nowS)),
    head: () => read(loadHead),
    prune: () =>
      store.tx(async (tx) => {
        const { blockNumber } = await loadHead(tx);
        return pruneEnded(tx, { beforeMs: clock.now() - retentionMs, belowHeight: blockNumber - BigInt(depth) * 32n });
      }),
  };
};
