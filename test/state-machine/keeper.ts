/** The keeper of one node, made of the real parts: only HTTP, the computation and the sending of transactions are simpler. */
import { zeroHash } from "viem";
import { makeExecutorJob } from "../../keepers/executor/job.ts";
import type { Execute } from "../../keepers/executor/execution.ts";
import { makeOwnStore, type OwnStore } from "../../keepers/executor/own-store.ts";
import { executorMigrations } from "../../keepers/executor/schema.ts";
import { makeFallback } from "../../keepers/fallback/run.ts";
import { makeJanitorJob } from "../../keepers/janitor/run.ts";
import { type Acceptance, makeAcceptance } from "../../keepers/network/acceptance.ts";
import { makeBroadcast } from "../../keepers/network/broadcast.ts";
import { type HeldStore, makeHeldStore } from "../../keepers/network/held.ts";
import { networkMigrations } from "../../keepers/network/schema.ts";
import type { Result } from "../../keepers/network/results.ts";
import { makePanelPass } from "../../keepers/panel/run.ts";
import { silentLog } from "../../keepers/runtime/log.ts";
import type { Pass } from "../../keepers/runtime/loop.ts";
import { openSqlite } from "../../keepers/runtime/sqlite.ts";
import type { Store } from "../../keepers/runtime/store.ts";
import { makeActions } from "../../keepers/settler/actions.ts";
import { makeSettlerJob } from "../../keepers/settler/run.ts";
import { settlerMigrations } from "../../keepers/settler/schema.ts";
import { makeAttestationSource } from "../../keepers/settler/source.ts";
import { makeWatchtowerJob } from "../../keepers/watchtower/run.ts";
import { makeOutbox } from "./outbox.ts";
import { type Client, openInbox } from "./wire.ts";
import { nodeOf, type World } from "./world.ts";

export type Keeper = {
  readonly nodeId: bigint;
  readonly held: HeldStore;
  readonly own: OwnStore;
  readonly acceptance: Acceptance;
  readonly client: Client;
  /** Executes, commits, attests. */
  readonly member: Pass;
  readonly settler: Pass;
  readonly fallback: Pass;
  readonly juror: Pass;
  /** Proves contradictions, drives disputes; expires what is dead, has no-shows slashed. */
  readonly watchtower: Pass;
  readonly janitor: Pass;
  /** Sends again what was refused too early. */
  resend(): Promise<void>;
  /** Ends what runs beside its passes. The store stays open. */
  stop(): Promise<void>;
};

const gasCap = 16_777_216n;
const settlerSettings = {
  ...{ intervalMs: 1_000, turnS: 12, minTip: 0n, batchMax: 50, graceMs: 5_000, pollPeersMs: 3_000 },
  ...{ peerTimeoutMs: 4_000, finalize: true, retryCallbacks: true, retryMs: 60_000 },
} as const;
/** No task of these tests names one. */
const noWorkloads = { workloadIdOf: () => Promise.resolve(zeroHash) };
const janitorSettings = {
  ...{ intervalMs: 10_000, tasks: [], snapshotAgeFraction: 0.5, snapshotMinIntervalS: 600, expire: true },
  ...{ finalize: true, noShows: true, earnings: false, earningsMin: 0n },
};
const migrations = [...networkMigrations, ...executorMigrations, ...settlerMigrations];

/** A keeper's store, in memory. */
export const openStore = ({ chain: { clock } }: World): Promise<Store> =>
  openSqlite({ path: ":memory:", clock, migrations });

/** The keeper, over this store, of a node that finds this result. It is reached over the wire when it is connected. */
export const makeKeeper = (world: World, store: Store, nodeId: bigint, result: Result): Keeper => {
  const { chain, view, cases, committees, wire, instance } = world;
  const { clock, rpc } = chain;
  const { signer } = nodeOf(world, nodeId);
  const [held, own] = [makeHeldStore(store), makeOwnStore(store)];
  const ids = { chainId: BigInt(instance.chainId), escrow: instance.escrow };
  const client = wire.clientOf(nodeId);
  const execute: Execute = async ({ request: { requestId } }) => ({
    digests: [await own.keepItem(requestId, 0, result, clock.now())],
  });
  const onNew = (requestId: `0x${string}`, level: bigint): void => executor.notice(requestId, level);
  const acceptance = makeAcceptance({ committees, held, view, instance: ids, clock, onNew });
  const late = makeAcceptance({ committees, held, view, instance: ids, clock, afterEnd: true });
  const broadcast = makeBroadcast({ view, clock, log: silentLog });
  const network = { committees, cases, held, own, acceptance, client, broadcast, signer, instance: ids };
  const executor = makeExecutorJob({ ...network, view, execute, executors: [], clock, log: silentLog });
  const transactions = makeOutbox(chain, signer.address);
  const actions = makeActions({ store, transactions, clock, escrow: instance.escrow });
  const txChain = { simulate: async () => ({ ok: true, gas: 1_000_000n }) as const }; // the outbox looks before it sends
  const job = {
    ...{ chain: view, instance, store, rpc, transactions, txChain, clock, log: silentLog },
    ...{ nodeId: async () => nodeId, committees, held, own, actions, cases },
  };
  const sourceOf = (door: Acceptance) => makeAttestationSource({ view, client, acceptance: door, held });
  return {
    ...{ nodeId, held, own, acceptance, client },
    member: executor.pass,
    settler: makeSettlerJob({ ...job, source: sourceOf(acceptance), settings: settlerSettings, gasCap }),
    fallback: makeFallback(job),
    juror: makePanelPass(job),
    watchtower: makeWatchtowerJob({
      ...job,
      source: sourceOf(late),
      settings: { sample: 8, open: true, disputes: true, maxBond: 0n, bondTasks: [] },
      reexecution: undefined,
      random: clock.random,
    }),
    janitor: makeJanitorJob({ ...job, evidence: noWorkloads, settings: janitorSettings }),
    resend: async () => void (await transactions.pass()),
    stop: executor.stop,
  };
};

/** Connects a keeper that answers whoever asks. */
export const connect = ({ wire }: World, { nodeId, acceptance, held }: Keeper): void =>
  wire.connect(nodeId, openInbox(acceptance, held));
