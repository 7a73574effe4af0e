/** The parts that the jobs of one instance share. */
import { makeChainView, type ChainFollower } from "./chain/chain-view.ts";
import { loadInstance } from "./chain/instance.ts";
import { deploymentOf } from "./deployment.ts";
import type { OpenAiExecutor } from "./executors/openai/executor.ts";
import { openInstanceStore } from "./instance-store.ts";
import type { JobDeps } from "./job.ts";
import { type Leases, makeLeases } from "./runtime/lease.ts";
import { logWith } from "./runtime/log.ts";
import { labelled, type Metrics } from "./runtime/metrics.ts";
import type { Signer } from "./runtime/signer.ts";
import type { Settings } from "./settings.ts";
import { type Actions, makeActions } from "./settler/actions.ts";
import { type Given, instanceLabel, openShared, type Shared } from "./shared.ts";

export type Parts = JobDeps & {
  readonly settings: Settings;
  readonly signer: Signer;
  readonly metrics: Metrics;
  readonly leases: Leases;
  readonly chain: ChainFollower;
  /** Executors of the models that the settings name; none where no job computes. */
  readonly models: readonly OpenAiExecutor[];
  /** Starts the endpoint for other members, which instances share. */
  readonly listen: Shared["listen"];
  readonly limiterOf: Shared["limiterOf"];
  /** What is under way for this instance's requests, kept beside the key's outbox. */
  readonly makeActions: () => Actions;
  /** Closes what is this instance's own. */
  readonly close: () => Promise<void>;
};

/** A watchtower needs requests as long as somebody can be punished over them: the unbonding time, at most sixty days. */
const retentionOf = ({ jobs }: Settings): { retentionMs?: number } =>
  jobs.includes("watchtower") ? { retentionMs: 61 * 24 * 3_600_000 } : {};

/** Opens an instance. Rejects by name where its escrow cannot be read, or its store is of another; nothing stays open then. */
export const openInstance = async (shared: Shared, settings: Settings): Promise<Parts> => {
  const { clock, rpc, signer, keyStore, openStore, owner, transactions } = shared;
  const name = settings.chain.instance;
  const log = name === undefined ? shared.log : logWith(shared.log, { instance: name });
  const metrics = name === undefined ? shared.metrics : labelled(shared.metrics, { [instanceLabel]: name });
  const instance = await loadInstance(rpc, deploymentOf(settings));
  const files = { keyStore, path: settings.store.path, open: openStore };
  const store = await openInstanceStore(files, { ...instance, mayAdd: name !== undefined });
  const leases = makeLeases({ store, clock, owner });
  const chain = makeChainView({ store, rpc, clock, log, instance, ...retentionOf(settings) });
  const escrow = instance.escrow;
  return {
    ...{ settings, signer, metrics, leases, chain, instance, store, rpc, transactions, clock, log },
    ...{ models: shared.models, txChain: shared.txChain, listen: shared.listen, limiterOf: shared.limiterOf },
    makeActions: () => makeActions({ store: keyStore, transactions, clock, escrow }),
    nodeId: async () => (await chain.nodeOfSigner(signer.address))?.nodeId,
    close: async () => (store === keyStore ? undefined : store.close()),
  };
};

/** Opens all that a keeper of one instance needs; see `openShared` and `openInstance` for what they refuse. */
export const openParts = async (settings: Settings, given: Given = {}): Promise<Parts> => {
  const shared = await openShared([settings], given);
  try {
    const parts = await openInstance(shared, settings);
    const close = async (): Promise<void> => {
      await parts.close();
      await shared.close();
    };
    return { ...parts, close };
  } catch (error) {
    await shared.close();
    throw error;
  }
};
