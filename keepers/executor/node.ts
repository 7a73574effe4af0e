/** Puts the parts of a serving node together: the endpoint for other members, and the executor job. */
import type { ChainFollower } from "../chain/chain-view.ts";
import type { Executor } from "../executors/executor.ts";
import { type AcceptanceDeps, makeAcceptance } from "../network/acceptance.ts";
import { makeBroadcast } from "../network/broadcast.ts";
import { makePeerClient } from "../network/client.ts";
import { type Committees, makeCommittees } from "../network/committees.ts";
import { type HeldStore, makeHeldStore } from "../network/held.ts";
import { type Http, makeHttp, type Resolve } from "../network/http.ts";
import type { LoadBounds } from "../network/load.ts";
import { makeRateLimit, type RateLimitOptions } from "../network/rate-limit.ts";
import type { Hub } from "../network/hub.ts";
import { type NetworkDeps, type NetworkServer, startNetwork } from "../network/server.ts";
import type { Cases } from "../panel/cases.ts";
import { makePanels } from "../panel/draw.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Signer } from "../runtime/signer.ts";
import type { Store } from "../runtime/store.ts";
import type { Pass } from "../runtime/loop.ts";
import { makeSignedService, type SignedOptions, type SignedServiceDeps } from "../signed/service.ts";
import { type ComputingOptions, makeComputing } from "./computing.ts";
import { type ExecutorJob, makeExecutorJob } from "./job.ts";
import { makeOwnStore, type OwnStore } from "./own-store.ts";

export type ExecutorNodeOptions = ComputingOptions & {
  /** Lets inputs and artifacts be fetched from private addresses. For local networks only. */
  readonly allowPrivateUrls?: boolean;
  /** Lets peers have private endpoints. For local networks only. */
  readonly allowPrivatePeers?: boolean;
  readonly host?: string;
  /** Of the endpoint; 0 takes a free one. */
  readonly port: number;
  readonly perAddress?: RateLimitOptions;
  readonly perSigner?: RateLimitOptions;
  readonly load?: Partial<LoadBounds>;
};

export type ExecutorNodeDeps = {
  /** With `networkMigrations` and `executorMigrations`. */
  readonly store: Store;
  readonly view: Pick<
    ChainFollower,
    "activeSummaries" | "request" | "round" | "snapshot" | "node" | "nodeOfSigner" | "signersAt" | "task"
  >;
  /** The time that a beacon round is due, Unix seconds. */
  readonly roundTimeS: (round: bigint) => bigint;
  /** Disputes whose panels this node may sit in; without it, it serves committees only. */
  readonly cases?: Cases | undefined;
  readonly instance: AcceptanceDeps["instance"];
  /** To take signed requests in; `view` has to show them. Without it, none are. */
  readonly signed?: (SignedOptions & { readonly head: SignedServiceDeps["view"]["head"] }) | undefined;
  readonly signer: Pick<Signer, "address" | "signTypedData">;
  readonly executors: readonly Executor[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  /** How names of hosts are resolved; by the system where absent. */
  readonly resolve?: Resolve;
  /** Starts the endpoint, which several instances may share; one of its own where absent. */
  readonly listen?: Hub["listen"] | undefined;
  /** How peers are reached; made here where absent. */
  readonly peerHttp?: Http;
};

export type ExecutorNode = {
  readonly job: ExecutorJob;
  /** Tells other nodes of signed requests; undefined where none are taken in. */
  readonly spread: Pass | undefined;
  readonly network: NetworkServer;
  /** Committees, and panels where disputes are known. */
  readonly committees: Committees;
  /** What members have said, for a settler beside this node. */
  readonly held: HeldStore;
  /** What this node has decided. */
  readonly own: OwnStore;
  /** Forgets messages and results from before this moment, Unix milliseconds; keep what can still be evidence. */
  prune(beforeMs: number): Promise<void>;
  /** Stops listening, then ends what runs. */
  close(): Promise<void>;
};

/** Starts the endpoint and makes the job, whose passes the caller runs. Rejects when the port is taken. */
export const startExecutorNode = async (
  deps: ExecutorNodeDeps,
  options: ExecutorNodeOptions,
): Promise<ExecutorNode> => {
  const { store, view, roundTimeS, cases, clock, log, metrics } = deps;
  const { port } = options;
  const resolve = deps.resolve === undefined ? {} : { resolve: deps.resolve };
  const http = makeHttp({ allowPrivate: options.allowPrivateUrls ?? false, ...resolve });
  const peerHttp = deps.peerHttp ?? makeHttp({ allowPrivate: options.allowPrivatePeers ?? false, ...resolve });

  const held = makeHeldStore(store);
  const own = makeOwnStore(store);
  const panels = cases === undefined ? undefined : makePanels({ view, cases, roundTimeS });
  const committees = makeCommittees({ view, roundTimeS, panels });
  const client = makePeerClient({ http: peerHttp });
  const perSigner = makeRateLimit(clock, options.perSigner ?? { perSecond: 20, burst: 200 });
  const onNew = (requestId: `0x${string}`, level: bigint): void => job.notice(requestId, level);
  const acceptance = makeAcceptance({ ...deps, committees, held, perSigner, onNew });
  const { execute, inputCache } = makeComputing({ ...deps, own, http, client }, options);
  const broadcast = makeBroadcast({ view, clock, log });
  const job = makeExecutorJob({ ...deps, held, own, committees, acceptance, client, broadcast, execute });

  const nodeId = async (): Promise<bigint | undefined> => (await view.nodeOfSigner(deps.signer.address))?.nodeId;
  const late = makeAcceptance({ ...deps, committees, held, perSigner, afterEnd: true }); // who asks after it settled is answered
  const parts = { committees, held, acceptance: late, client, broadcast, inputCache, item: job.item, nodeId };
  const { signed } = deps;
  const service =
    signed === undefined
      ? undefined
      : makeSignedService({ ...deps, ...parts, ...signed, view: { ...view, head: signed.head } });

  const listening: NetworkDeps = {
    acceptance,
    held,
    lambdas: service?.routes,
    item: job.item,
    input: inputCache.open,
    clock,
    log,
    metrics,
    port,
  };
  const given = {
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.perAddress === undefined ? {} : { perAddress: options.perAddress }),
    ...(options.load === undefined ? {} : { load: options.load }),
  };
  const network = await (deps.listen ?? startNetwork)({ ...listening, ...given });

  return {
    job,
    spread: service?.pass,
    network,
    committees,
    held,
    own,
    prune: async (beforeMs) => {
      await held.prune(beforeMs);
      await own.prune(beforeMs);
    },
    close: async () => {
      await network.close();
      await service?.stop();
      await job.stop();
      http.close();
      peerHttp.close();
    },
  };
};
