/** The parts that every job shares, made once from the settings. */
import { randomUUID } from "node:crypto";
import type { DestinationStream } from "pino";
import { dcapCollateralAbi } from "../sdk/abi/dcap-collateral.ts";
import { dcapVerifierAbi } from "../sdk/abi/dcap-verifier.ts";
import { disputesAbi } from "../sdk/abi/disputes.ts";
import { drandBeaconAbi } from "../sdk/abi/drand-beacon.ts";
import { nodeRegistryAbi } from "../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../sdk/abi/task-registry.ts";
import { teeRegistryAbi } from "../sdk/abi/tee-registry.ts";
import { type ChainFollower, makeChainView } from "./chain/chain-view.ts";
import { loadInstance } from "./chain/instance.ts";
import { chainMigrations } from "./chain/schema.ts";
import { deploymentOf } from "./deployment.ts";
import { executorMigrations } from "./executor/schema.ts";
import type { JobDeps } from "./job.ts";
import { openSigner, secretsOf } from "./key.ts";
import type { OpenAiExecutor } from "./executors/openai/executor.ts";
import { computes, keysOf, openModels, readModels } from "./models/services.ts";
import { networkMigrations } from "./network/schema.ts";
import { type Clock, systemClock } from "./runtime/clock.ts";
import { StoreError } from "./runtime/errors.ts";
import { type Leases, makeLeases } from "./runtime/lease.ts";
import { type Log, makeLog } from "./runtime/log.ts";
import { makeMetrics, type Metrics } from "./runtime/metrics.ts";
import { checkEndpoints, type FailoverRpc, makeRpc } from "./runtime/rpc.ts";
import type { Signer } from "./runtime/signer.ts";
import { openSqlite } from "./runtime/sqlite.ts";
import { getValue, setValue, type Store } from "./runtime/store.ts";
import { makeTransactions } from "./runtime/transactions.ts";
import { makeTxChain } from "./runtime/tx-chain.ts";
import { makeRawSender } from "./runtime/tx-send.ts";
import { defaultTxPolicy, type TxPolicy } from "./runtime/tx-types.ts";
import type { Settings } from "./settings.ts";
import { settlerMigrations } from "./settler/schema.ts";
import { signedMigrations } from "./signed/schema.ts";

/** What a program that runs keepers by itself may give instead of the machine's own. */
export type Given = {
  readonly clock?: Clock;
  /** Where log lines go; standard output by default. */
  readonly logDestination?: DestinationStream;
};

export type Parts = JobDeps & {
  readonly settings: Settings;
  readonly signer: Signer;
  readonly metrics: Metrics;
  readonly leases: Leases;
  readonly chain: ChainFollower;
  /** Executors of the models that the settings name; none where no job computes. */
  readonly models: readonly OpenAiExecutor[];
  readonly close: () => Promise<void>;
};

/** Migrations of every job, so that jobs can be added to a store later. */
export const allMigrations = [
  ...chainMigrations,
  ...networkMigrations,
  ...executorMigrations,
  ...settlerMigrations,
  ...signedMigrations,
];

const weiPerGwei = 1_000_000_000;
const abis = [
  ...[requestEscrowAbi, taskRegistryAbi, nodeRegistryAbi, drandBeaconAbi, disputesAbi],
  ...[teeRegistryAbi, dcapVerifierAbi, dcapCollateralAbi],
];

const policyOf = ({ fees, chain }: Settings): TxPolicy => ({
  ...defaultTxPolicy,
  confirmations: chain.confirmations,
  maxInFlight: fees.maxInFlight,
  replaceAfterMs: fees.replaceAfterMs,
  rebroadcastAfterMs: fees.rebroadcastAfterMs,
  maxFeePerGasCap: BigInt(Math.round(fees.maxFeeGwei * weiPerGwei)),
  gasCap: BigInt(fees.gasCap),
});

/** Clients for reading, and for sending where that goes elsewhere. */
export const openRpc = (
  settings: Settings,
  clock: Clock,
  log: Log,
  metrics?: Metrics,
): { rpc: FailoverRpc; send: FailoverRpc } => {
  const { id: chainId, rpcUrls, sendUrl, timeoutMs } = settings.chain;
  const count = metrics?.counter({ name: "rpc_failures_total", help: "Requests that an RPC endpoint did not answer" });
  const options = { chainId, clock, log, timeoutMs, onFailure: () => count?.() };
  const rpc = makeRpc({ ...options, urls: rpcUrls });
  return { rpc, send: sendUrl === undefined ? rpc : makeRpc({ ...options, urls: [sendUrl] }) };
};

/** A watchtower needs requests as long as somebody can be punished over them: the unbonding time, at most sixty days. */
const retentionOf = ({ jobs }: Settings): { retentionMs?: number } =>
  jobs.includes("watchtower") ? { retentionMs: 61 * 24 * 3_600_000 } : {};

/** Ties the store to one instance: the rows of another would be taken for this one's. */
const claimStore = (store: Store, instance: string): Promise<void> =>
  store.tx(async (tx) => {
    const known = await getValue(tx, "keeper", "instance");
    if (known !== undefined && known !== instance)
      throw new StoreError(`the store belongs to the instance ${known}, not to ${instance}: use another store.path`);
    await setValue(tx, "keeper", "instance", instance);
  });

/**
 * Opens everything. Throws ConfigError where a model's files are not as they must be, and by name on a wrong chain, an unsynced node, an address without the escrow, a key that cannot
 * be read, or a store of another instance; nothing stays open then.
 */
export const openParts = async (settings: Settings, given: Given = {}): Promise<Parts> => {
  const { clock = systemClock, logDestination } = given;
  const destination = logDestination === undefined ? {} : { destination: logDestination };
  const sources = computes(settings) ? readModels(settings) : [];
  const secrets = [...secretsOf(settings), ...keysOf(sources)];
  const log = makeLog({ level: settings.log.level, secrets, ...destination });
  const metrics = makeMetrics({ processMetrics: true });
  const models = openModels(sources, { clock, log, metrics });
  const signer = await openSigner(settings);
  const { rpc, send } = openRpc(settings, clock, log, metrics);
  const { maxHeadAgeS } = settings.chain;
  const unfit = await checkEndpoints(rpc.endpoints, { clock, ...(maxHeadAgeS === 0 ? {} : { maxHeadAgeS }) });
  for (const why of unfit) log.warn({ why }, "an RPC endpoint is not fit and will be asked last");
  const instance = await loadInstance(rpc, deploymentOf(settings));
  const store = await openSqlite({ path: settings.store.path, clock, migrations: allMigrations });
  try {
    await claimStore(store, `${instance.chainId}:${instance.escrow}`);
  } catch (error) {
    await store.close();
    throw error;
  }
  const leases = makeLeases({ store, clock, owner: randomUUID() });
  const txChain = makeTxChain({ rpc, abis, gasCap: BigInt(settings.fees.gasCap) });
  const { chainId } = instance;
  const deps = { chainId, store, leases, clock, log, signer, metrics, policy: policyOf(settings) };
  const transactions = makeTransactions({ ...deps, chain: txChain, send: makeRawSender(send) });
  const chain = makeChainView({ store, rpc, clock, log, instance, ...retentionOf(settings) });
  const close = async (): Promise<void> => {
    await transactions.stop();
    await store.close();
  };
  const nodeId = async (): Promise<bigint | undefined> => (await chain.nodeOfSigner(signer.address))?.nodeId;
  return {
    settings,
    signer,
    metrics,
    leases,
    chain,
    models,
    instance,
    store,
    rpc,
    transactions,
    txChain,
    clock,
    log,
    nodeId,
    close,
  };
};
