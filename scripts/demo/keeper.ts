import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { settingsOf } from "../../keepers/config.ts";
import { makeLimiter } from "../../keepers/executor/limiter.ts";
import type { Executor } from "../../keepers/executors/executor.ts";
import { makeOpenAiExecutor } from "../../keepers/executors/openai/executor.ts";
import { makeWasmExecutor } from "../../keepers/executors/wasm/executor.ts";
import { type KeeperDeps, makeKeeper } from "../../keepers/keeper.ts";
import { systemClock } from "../../keepers/runtime/clock.ts";
import { silentLog } from "../../keepers/runtime/log.ts";
import type { JobName, SettingsInput } from "../../keepers/settings.ts";
import { localChainId, localEvidenceSeed } from "../../deploy/local/world.ts";
import type { KeeperInput, StartKeeper } from "./cast.ts";
import type { CastNode, Stage } from "./stage.ts";
import { lying } from "./villains.ts";

/** The secret key of the private beacon. */
export const beaconSecret = 0x5eedn;

const polling = { pollMs: 500, confirmations: 2, maxHeadAgeS: 30 } as const;

/** The store of a keeper with this folder. */
export const storeOf = (folder: string): string => join(folder, "keeper.sqlite");

/** Cheats settle nothing. The copier and the equivocator only listen: what they say is said by `runCopier` and `runEquivocator`. */
function jobsOf({ role, machine }: CastNode, extraJobs: readonly JobName[]): JobName[] {
  if (role !== "honest") return ["executor"];
  const tee: JobName[] = machine === undefined ? [] : ["attest"];
  return ["executor", "settler", "janitor", ...tee, ...extraJobs];
}

/** What an operator of this network would write, with short waits because its chain is fast. */
function settingsFor({ stage, rpcUrl, node, folder, extraJobs }: KeeperInput): SettingsInput {
  return {
    jobs: jobsOf(node, extraJobs),
    chain: {
      id: Number(localChainId),
      rpcUrls: [rpcUrl],
      escrow: stage.world.instance.escrow,
      startBlock: 0,
      ...polling,
    },
    key: { privateKey: node.secret },
    store: { path: storeOf(folder) },
    network: { port: 0, allowPrivatePeers: true },
    ops: { port: 0 },
    fees: { rebroadcastAfterMs: 1_500 },
    log: { level: "warn" },
    executor: {
      intervalMs: 400,
      cacheDir: join(folder, "cache"),
      allowPrivateInputUrls: true,
      requireIsolation: false,
    },
    settler: { intervalMs: 500, turnS: 4, graceMs: 3_000, pollPeersMs: 1_000, retryMs: 1_000 },
    janitor: { intervalMs: 1_000 },
    beacon: {
      source: "local",
      intervalMs: 400,
      ...(extraJobs.includes("beacon") ? { secretKey: beaconSecret.toString() } : {}),
    },
    ...(node.machine === undefined ? {} : { attest: teeSettings(node.machine, stage, folder) }),
    watchtower: { intervalMs: 500, reexecute: 0 }, // all nodes share this machine: each result is computed often enough
  };
}

/** This machine need have no TEE: root and quotes are made up. */
const teeSettings = (machine: string, { workloadId }: Stage, folder: string): SettingsInput["attest"] => ({
  intervalMs: 1_000,
  provider: "dev",
  workloads: [workloadId],
  devSeed: localEvidenceSeed,
  devMachine: machine,
  hpkeKeyFile: join(folder, "hpke.key"),
});

export type KeeperOptions = Pick<KeeperDeps, "logDestination"> & {
  /** Changes what a node computes with. */
  readonly executorOf?: (input: KeeperInput, executor: Executor) => Executor;
};

/**
 * Starts real keepers in this process, as `atoma-keeper` starts one in its own. They take turns at computing: elsewhere
 * each has a machine to itself.
 */
export function makeStartKeeper({ executorOf = (_, executor) => executor, ...given }: KeeperOptions = {}): StartKeeper {
  const shared = takingTurns(makeWasmExecutor(), availableParallelism());
  return async (input) => {
    await mkdir(input.folder, { recursive: true });
    const executors = [inRole(input.node, shared), ...modelExecutors(input)];
    const keeper = await makeKeeper(settingsOf(settingsFor(input)), {
      ...given,
      executors: executors.map((executor) => executorOf(input, executor)),
    });
    const { opsUrl, networkUrl } = await keeper.start();
    if (networkUrl === undefined) throw new Error(`The keeper of node ${input.node.nodeId} has no endpoint.`);
    return { endpoint: networkUrl, opsUrl, stop: keeper.stop };
  };
}

/** Of the honest nodes, where there is a model. */
function modelExecutors({ node, stage: { claims } }: KeeperInput): Executor[] {
  if (claims === undefined || node.role !== "honest") return [];
  const { manifest, servedAs, url } = claims.model;
  const deps = { clock: systemClock, log: silentLog };
  return [makeOpenAiExecutor({ manifest, servedAs, backends: [{ url, concurrency: 1 }], ...deps })];
}

function inRole({ role }: CastNode, executor: Executor): Executor {
  if (role === "copier" || role === "equivocator") return idle(executor);
  return role === "liar" ? lying(executor) : executor;
}

/** Never comes to a result: who copies, or says anything at all, does not compute. */
function idle({ capabilities }: Executor): Executor {
  const execute: Executor["execute"] = (_task, _input, _limits, signal) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
  return { capabilities, execute };
}

function takingTurns(executor: Executor, places: number): Executor {
  const limiter = makeLimiter(places);
  return {
    capabilities: executor.capabilities,
    execute: (task, input, limits, signal) =>
      limiter(() => executor.execute(task, input, limits, signal), signal ?? new AbortController().signal),
  };
}
