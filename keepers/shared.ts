/** What the instances that a keeper serves have in common: one key with its transactions, one chain, one machine. */
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
import { chainMigrations } from "./chain/schema.ts";
import { ConfigError } from "./config.ts";
import { deploymentOf } from "./deployment.ts";
import { type LimiterOf, makeLimiters } from "./executor/computing.ts";
import { executorMigrations } from "./executor/schema.ts";
import type { OpenAiExecutor } from "./executors/openai/executor.ts";
import { openSigner, secretsOf } from "./key.ts";
import { computes, keysOf, openModels, readModels } from "./models/services.ts";
import { type Hub, makeHub } from "./network/hub.ts";
import { networkMigrations } from "./network/schema.ts";
import { type Clock, systemClock } from "./runtime/clock.ts";
import { makeLeases } from "./runtime/lease.ts";
import { type Log, makeLog } from "./runtime/log.ts";
import { makeMetrics, type Metrics } from "./runtime/metrics.ts";
import { checkEndpoints, type FailoverRpc, makeRpc } from "./runtime/rpc.ts";
import type { Signer } from "./runtime/signer.ts";
import { openSqlite } from "./runtime/sqlite.ts";
import type { Store } from "./runtime/store.ts";
import { makeTransactions, type Transactions } from "./runtime/transactions.ts";
import { makeTxChain, type TxChain } from "./runtime/tx-chain.ts";
import { makeRawSender } from "./runtime/tx-send.ts";
import { defaultTxPolicy, type TxPolicy } from "./runtime/tx-types.ts";
import { type JobName, type Settings, weiOfGwei } from "./settings.ts";
import { settlerMigrations } from "./settler/schema.ts";
import { signedMigrations } from "./signed/schema.ts";

/** Of metrics that belong to one of several instances: `instance` is Prometheus' own word for a process. */
export const instanceLabel = "atoma_instance";

/** What a program that runs keepers by itself may give instead of the machine's own. */
export type Given = {
  readonly clock?: Clock;
  /** Where log lines go; standard output by default. */
  readonly logDestination?: DestinationStream;
};

export type Shared = {
  readonly signer: Signer;
  readonly rpc: FailoverRpc;
  readonly txChain: TxChain;
  /** Of the key, for all instances: two managers of one key would use each other's nonces. */
  readonly transactions: Transactions;
  /** Where its outbox is. */
  readonly keyStore: Store;
  readonly openStore: (path: string) => Promise<Store>;
  /** Of this process' leases. */
  readonly owner: string;
  readonly models: readonly OpenAiExecutor[];
  readonly listen: Hub["listen"];
  /** Lines of executions, one set per job. */
  readonly limiterOf: (job: JobName) => LimiterOf;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
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
  maxFeePerGasCap: weiOfGwei(fees.maxFeeGwei),
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

/** Two names of one instance would be two nodes that sign for one, each for itself. Throws ConfigError. */
const checkDistinct = (all: readonly Settings[]): void => {
  const escrows = all.map((settings) => deploymentOf(settings).escrow);
  const twice = escrows.find((escrow, i) => escrows.indexOf(escrow) !== i);
  if (twice === undefined) return;
  const names = all.filter((_, i) => escrows[i] === twice).map(({ chain }) => chain.instance ?? "one without a name");
  throw new ConfigError([`instances ${names.join(" and ")} have one escrow, ${twice}: keep one of them.`]);
};

const makeLines = (maxExecutions: number): Shared["limiterOf"] => {
  const lines = new Map<JobName, LimiterOf>();
  return (job) => {
    const line = lines.get(job) ?? makeLimiters(maxExecutions);
    lines.set(job, line);
    return line;
  };
};

/**
 * Opens what the instances share; `all` agree in it. Throws ConfigError where two are one, or a model's files are not as they must be,
 * and by name on a wrong chain, an unsynced node, or a key that cannot be read; nothing stays open then.
 */
export const openShared = async (all: readonly [Settings, ...Settings[]], given: Given = {}): Promise<Shared> => {
  const { clock = systemClock, logDestination } = given;
  const [settings] = all;
  checkDistinct(all);
  const destination = logDestination === undefined ? {} : { destination: logDestination };
  const sources = all.some(computes) ? readModels(settings) : [];
  const secrets = [...all.flatMap(secretsOf), ...keysOf(sources)];
  const log = makeLog({ level: settings.log.level, secrets, ...destination });
  const metrics = makeMetrics({ processMetrics: true });
  const models = openModels(sources, { clock, log, metrics });
  const signer = await openSigner(settings);
  const { rpc, send } = openRpc(settings, clock, log, metrics);
  const { maxHeadAgeS, id: chainId } = settings.chain;
  const unfit = await checkEndpoints(rpc.endpoints, { clock, ...(maxHeadAgeS === 0 ? {} : { maxHeadAgeS }) });
  for (const why of unfit) log.warn({ why }, "an RPC endpoint is not fit and will be asked last");
  const openStore = (path: string): Promise<Store> => openSqlite({ path, clock, migrations: allMigrations });
  const keyStore = await openStore(settings.store.path);
  const owner = randomUUID();
  const leases = makeLeases({ store: keyStore, clock, owner });
  const txChain = makeTxChain({ rpc, abis, gasCap: BigInt(settings.fees.gasCap) });
  const deps = { chainId, store: keyStore, leases, clock, log, signer, metrics, policy: policyOf(settings) };
  const transactions = makeTransactions({ ...deps, chain: txChain, send: makeRawSender(send) });
  const hub = makeHub();
  return {
    ...{ signer, rpc, txChain, transactions, keyStore, openStore, owner, models, metrics, clock, log },
    listen: (member) => hub.listen({ ...member, log, metrics }),
    limiterOf: makeLines(settings.executor.concurrency),
    close: async () => {
      await transactions.stop();
      await keyStore.close();
    },
  };
};
