/** A network of serving nodes in one process: real endpoints, stores, keys and messages; only the chain's facts are given. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Address, bytesToHex, type Hex, keccak256, stringToHex } from "viem";
import type { Snapshot } from "../../../sdk/committee/snapshot.ts";
import { type RequestFields, encodeRequest } from "../../../sdk/words/request.ts";
import { requestIdOf } from "../../../sdk/words/request-id.ts";
import type { ChainNode, ChainRequest, ChainRound, ChainTask } from "../../../keepers/chain/view.ts";
import { ExecutionStatus, type Executor } from "../../../keepers/executors/executor.ts";
import {
  type ExecutorNode,
  type ExecutorNodeDeps,
  type ExecutorNodeOptions,
  startExecutorNode,
} from "../../../keepers/executor/node.ts";
import { executorMigrations } from "../../../keepers/executor/schema.ts";
import { makePeerClient, type PeerClient } from "../../../keepers/network/client.ts";
import { type Http, makeHttp } from "../../../keepers/network/http.ts";
import { networkMigrations } from "../../../keepers/network/schema.ts";
import type { Clock } from "../../../keepers/runtime/clock.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";
import { runLoop } from "../../../keepers/runtime/loop.ts";
import { privateKeySigner, type Signer } from "../../../keepers/runtime/signer.ts";
import { openSqlite } from "../../../keepers/runtime/sqlite.ts";
import type { Store } from "../../../keepers/runtime/store.ts";
import { sha256 } from "../../../keepers/runtime/sha256.ts";

export const instance = {
  chainId: 31_337n,
  escrow: "0x1000000000000000000000000000000000000001",
  beacon: "0x2000000000000000000000000000000000000002",
} as const satisfies { chainId: bigint; escrow: Address; beacon: Address };

export const randomness = 12_345n;
const artifact = new TextEncoder().encode("the program of the tests");
const runtime = keccak256(stringToHex("runtime of the tests"));

/** An executor that reverses its input; an input that starts with "bad" fails. */
export const reverser: Executor = {
  capabilities: async () => ({ kind: "wasm", runtimeDigest: runtime, isolation: [], warnings: [] }),
  execute: async (_task, input, limits) => {
    const isBad = new TextDecoder().decode(input.subarray(0, 3)) === "bad";
    if (isBad) return { status: ExecutionStatus.Trap, usage: 7n, output: new Uint8Array() };
    const output = input.toReversed();
    const isLong = output.length > limits.maxOutputBytes;
    const status = isLong ? ExecutionStatus.SuccessLong : ExecutionStatus.Success;
    return { status, usage: BigInt(input.length), output };
  },
};

/** Time that runs `speed` times as fast as the machine's, from a round number of seconds. */
export const fastClock = (speed: number, skewMs: () => number = () => 0, startRealMs = Date.now()): Clock => ({
  now: () => 1_800_000_000_000 + Math.round((Date.now() - startRealMs) * speed) + skewMs(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(done, ms / speed);
      signal?.addEventListener("abort", done, { once: true });
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
      if (signal?.aborted === true) done();
    }),
  random: Math.random,
});

export type WorldOptions = {
  k: number;
  quorum?: number;
  /** Nodes in the pool; k where absent. */
  pool?: number;
  windowS?: number;
  speed?: number;
  maxOutputBytes?: number;
  executorKind?: { kind: string; artifact: Uint8Array; runtimeDigest: Hex; unitSize: bigint };
};

export type AskOptions = {
  input?: string;
  data?: Hex;
  flags?: bigint;
  inputDigest?: Hex;
  items?: bigint;
  units?: bigint;
};
export type NodeOptions = Partial<ExecutorNodeOptions> & {
  peerHttp?: Http;
  skewMs?: () => number;
  executor?: Executor;
  wrapStore?: (store: Store) => Store;
  /** A folder from an earlier start of the same node. */
  folder?: string;
};
export type Running = ExecutorNode & { store: Store; folder: string; seat: Seat; stop(): Promise<void> };
/** An identity of the network, whoever acts for it. */
export type Seat = { nodeId: bigint; signer: Signer };
export type World = Awaited<ReturnType<typeof makeWorld>>;

const keyOf = (nodeId: number): Hex => keccak256(stringToHex(`key of test node ${nodeId}`));
const dataUri = (bytes: Uint8Array): string => `data:application/wasm;base64,${Buffer.from(bytes).toString("base64")}`;

/** Makes the facts of a chain with one task, its pool and no requests. */
export async function makeWorld(options: WorldOptions) {
  const { k, quorum = Math.floor((2 * k) / 3) + 1, pool = k, windowS = 6, speed = 5, maxOutputBytes = 1_024 } = options;
  const startRealMs = Date.now();
  const clock = fastClock(speed, undefined, startRealMs);
  const nowS = () => BigInt(Math.floor(clock.now() / 1_000));
  const seats: Seat[] = Array.from({ length: pool }, (_, index) => ({
    nodeId: BigInt(index + 1),
    signer: privateKeySigner(keyOf(index + 1)),
  }));
  const nodes = new Map<bigint, ChainNode>(
    seats.map(({ nodeId, signer }) => [
      nodeId,
      { nodeId, owner: instance.beacon, signer: signer.address, endpoint: "http://127.0.0.1:9" }, // nobody listens there
    ]),
  );
  const { executorKind = { kind: "wasm", artifact, runtimeDigest: runtime, unitSize: 1_000n } } = options;
  const task: ChainTask = {
    taskId: 1n,
    kind: executorKind.kind,
    artifactDigest: sha256(executorKind.artifact),
    artifactUri: dataUri(executorKind.artifact),
    runtimeDigest: executorKind.runtimeDigest,
    unitSize: executorKind.unitSize,
    windowS: BigInt(windowS),
    maxOutputBytes: BigInt(maxOutputBytes),
    deprecated: false,
  };
  const snapshot: Snapshot = {
    header: {
      royaltyBps: 0n,
      isTee: 0n,
      askExponent: 0n,
      windowS: BigInt(windowS),
      maxOutputBytes: BigInt(maxOutputBytes),
      id: 1n,
      publishedAtS: nowS(),
      freshForS: 3_600n,
      count: BigInt(pool),
      maxPay: 1_000_000n,
    },
    entries: seats.map(({ nodeId }) => ({ nodeId, ask: 1n })),
  };
  const requests = new Map<Hex, ChainRequest>();
  const rounds = new Map<bigint, ChainRound>();
  const view: ExecutorNodeDeps["view"] = {
    activeSummaries: async () =>
      [...requests.values()]
        .filter(({ state }) => state === "open" || state === "recorded")
        .map((request) => ({ ...request, callbackFailedMs: undefined, isDisputed: false })),
    request: async (requestId) => requests.get(requestId),
    round: async (round) => rounds.get(round),
    snapshot: async () => snapshot,
    node: async (nodeId) => nodes.get(nodeId),
    nodeOfSigner: async (signer) => [...nodes.values()].find((node) => node.signer === signer),
    task: async (taskId) => (taskId === 1n ? task : undefined),
    signersAt: async (nodeId) => [nodes.get(nodeId)?.signer ?? []].flat(),
  };
  let sequence = 0n;
  const folders: string[] = [];
  const running = new Set<Running>();
  const roundTimeS = (round: bigint): bigint => round;

  /** A request whose round is due now; `post` makes the round known, and time starts to run for it. */
  const ask = (given: AskOptions = {}): ChainRequest => {
    const input = stringToHex(given.input ?? `input ${sequence}`);
    const fields: RequestFields = {
      requester: instance.beacon,
      sequence: sequence++,
      slot: 0n,
      version: 1n,
      k: BigInt(k),
      quorum: BigInt(quorum),
      taskId: 1n,
      snapshotId: 1n,
      units: given.units ?? 100n,
      maxAsk: 1n,
      tip: 0n,
      submittedAtS: nowS(),
      round: nowS(),
      challengeWindowS: 0n,
      callbackGas: 0n,
      items: given.items ?? 1n,
      flags: given.flags ?? 1n,
      royaltyBps: 0n,
      isTee: 0n,
      askExponent: 0n,
      windowS: BigInt(windowS),
      maxOutputBytes: BigInt(maxOutputBytes),
      protocolFeeBps: 300n,
      fallbackDelayS: 60n,
      chainPhaseS: 60n,
      beaconDelayS: 15n,
      expireDelayS: 600n,
      beaconTimeoutS: 3_600n,
      disputeWindowS: 3_600n,
      reputationFloor: 0n,
      inputDigest: given.inputDigest ?? keccak256(input),
    };
    const words = encodeRequest(fields);
    const requestId = requestIdOf(instance, words);
    const request = { requestId, words, fields, data: given.data ?? input, blockNumber: 1n, state: "open" as const };
    requests.set(requestId, request);
    return request;
  };
  const post = ({ fields }: ChainRequest): void => {
    const now = nowS();
    rounds.set(fields.round, { randomness, postedAtS: now > fields.round ? now : fields.round });
  };

  const start = async (seat: Seat, given: NodeOptions = {}): Promise<Running> => {
    const {
      peerHttp,
      skewMs,
      executor = reverser,
      folder = mkdtempSync(join(tmpdir(), "atoma-test-")),
      wrapStore = (store) => store,
      ...rest
    } = given;
    folders.push(folder);
    const own = fastClock(speed, skewMs, startRealMs);
    const migrations = [...networkMigrations, ...executorMigrations];
    const store = await openSqlite({ path: join(folder, "store.sqlite"), clock: own, migrations });
    const node = await startExecutorNode(
      {
        store: wrapStore(store),
        view,
        roundTimeS,
        instance,
        signer: seat.signer,
        executors: [executor],
        clock: own,
        log: silentLog,
        ...(peerHttp === undefined ? {} : { peerHttp }),
      },
      { cacheDirectory: folder, port: 0, allowPrivatePeers: true, ...rest },
    );
    move(seat, node.network.url);
    const stopping = new AbortController();
    const loop = runLoop(
      { clock: own, log: silentLog },
      { name: "executor", pass: node.job.pass, intervalMs: 40 * speed, signal: stopping.signal },
    );
    const one: Running = {
      ...node,
      store,
      folder,
      seat,
      stop: async () => {
        if (!running.delete(one)) return;
        stopping.abort();
        await node.close();
        await loop;
        await store.close();
      },
    };
    running.add(one);
    return one;
  };

  const move = ({ nodeId }: Seat, endpoint: string): void => {
    const node = nodes.get(nodeId);
    if (node !== undefined) nodes.set(nodeId, { ...node, endpoint });
  };

  const stop = async (): Promise<void> => {
    for (const one of [...running]) await one.stop();
    http.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
  const http = makeHttp({ allowPrivate: true });
  const client: PeerClient = makePeerClient({ http });
  const endpointOf = (seat: Seat): string => nodes.get(seat.nodeId)?.endpoint ?? "";
  return {
    ask,
    post,
    start,
    stop,
    move,
    clock,
    client,
    http,
    seats,
    view,
    requests,
    rounds,
    nodes,
    quorum,
    roundTimeS,
    endpointOf,
    snapshot,
    k,
    windowMs: windowS * 1_000,
  };
}

export const bytes = (value: number, length: number): Hex => bytesToHex(new Uint8Array(length).fill(value));
