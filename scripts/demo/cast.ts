import { join } from "node:path";
import type { JobName } from "../../keepers/settings.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { send } from "./send.ts";
import type { CastNode, Role, Stage } from "./stage.ts";

/** A keeper that runs. */
export type RunningKeeper = {
  /** Base URL for other members. */
  readonly endpoint: string;
  /** Base URL of /metrics, /livez and /readyz. */
  readonly opsUrl: string;
  readonly stop: () => Promise<void>;
};

export type StartKeeper = (input: KeeperInput) => Promise<RunningKeeper>;
export type KeeperInput = {
  readonly stage: Stage;
  readonly rpcUrl: string;
  readonly node: CastNode;
  /** Of its own: store, cache. */
  readonly folder: string;
  /** What it does beside serving its node. */
  readonly extraJobs: readonly JobName[];
};

export type CastOptions = {
  /** Empty; for stores and caches. */
  readonly folder: string;
  readonly startKeeper: StartKeeper;
};

/** The keepers that run: of the honest nodes, and what cheats listen with. */
export type Cast = {
  /** Of the honest nodes. */
  readonly endpoints: readonly string[];
  readonly opsUrls: readonly string[];
  /** Of the nodes with a role of which there is one. */
  readonly endpointOf: (role: Role) => string;
  readonly stop: () => Promise<void>;
};

/** The first keeper relays the beacon, the second one watches, the third, in a TEE, tends the collateral. */
const extraJobs: readonly (readonly JobName[])[] = [["beacon"], ["watchtower"], ["collateral"]];
/** Nobody listens there: where the silent node says that it is. */
const deadEndpoint = "http://127.0.0.1:9";

type CastInput = CastOptions & { readonly stage: Stage; readonly rpcUrl: string };

/** Starts a keeper for every node but the silent one, and registers all endpoints. */
export async function startCast({ stage, rpcUrl, folder, startKeeper }: CastInput): Promise<Cast> {
  const keepers = new Map<CastNode, RunningKeeper>();
  const stop = async (): Promise<void> =>
    void (await Promise.allSettled([...keepers.values()].map((keeper) => keeper.stop())));
  try {
    for (const node of stage.nodes) {
      const extra = extraJobs[keepers.size] ?? [];
      const own = { stage, rpcUrl, node, folder: join(folder, `node-${node.nodeId}`), extraJobs: extra };
      const keeper = node.role === "silent" ? undefined : await startKeeper(own);
      if (keeper !== undefined) keepers.set(node, keeper);
      await setEndpoint(stage, node, keeper?.endpoint ?? deadEndpoint);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const of = (role: Role): RunningKeeper[] =>
    [...keepers].flatMap(([node, keeper]) => (node.role === role ? [keeper] : []));
  const honest = of("honest");
  return {
    endpoints: honest.map(({ endpoint }) => endpoint),
    opsUrls: honest.map(({ opsUrl }) => opsUrl),
    endpointOf: (role) => of(role)[0]?.endpoint ?? deadEndpoint,
    stop,
  };
}

async function setEndpoint({ world }: Stage, { nodeId, owner }: CastNode, endpoint: string): Promise<void> {
  const registry = { address: world.instance.nodeRegistry, abi: nodeRegistryAbi } as const;
  await send(world, owner, { ...registry, functionName: "setEndpoint", args: [Number(nodeId), endpoint] });
}
