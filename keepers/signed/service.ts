/** Signed requests at a serving node: taken in, passed on, answered. Puts the parts together. */
import type { Hex } from "viem";
import type { Instance } from "../../sdk/words/request-id.ts";
import type { ChainView } from "../chain/view.ts";
import { makeBackground } from "../executor/background.ts";
import type { BlobCache } from "../executor/blob-cache.ts";
import type { Executor } from "../executors/executor.ts";
import { nowSeconds } from "../job.ts";
import type { Acceptance } from "../network/acceptance.ts";
import type { Broadcast } from "../network/broadcast.ts";
import type { PeerClient } from "../network/client.ts";
import type { Committees } from "../network/committees.ts";
import type { HeldStore } from "../network/held.ts";
import type { LambdaRoutes } from "../network/lambda-routes.ts";
import type { ItemMessage } from "../network/messages.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Pass } from "../runtime/loop.ts";
import { makeBars } from "./bars.ts";
import { makeSignedDoor, type SignedLimits } from "./door.ts";
import { makeLambdas } from "./lambda.ts";
import type { Purses } from "./purse.ts";
import { makeSpread } from "./spread.ts";
import type { SignedStore } from "./store.ts";

/** What a node needs to take signed requests in. */
export type SignedOptions = {
  readonly signed: SignedStore;
  readonly purses: Purses;
  readonly instance: Instance;
  readonly limits: SignedLimits;
  readonly maxWaitMs: number;
};

export type SignedServiceDeps = SignedOptions & {
  readonly view: Pick<ChainView, "round" | "task" | "head" | "node" | "snapshot">;
  readonly committees: Pick<Committees, "of">;
  readonly held: Pick<HeldStore, "read">;
  readonly acceptance: Acceptance;
  readonly client: PeerClient;
  readonly broadcast: Broadcast;
  readonly inputCache: BlobCache;
  readonly executors: readonly Executor[];
  readonly item: (requestId: Hex, index: bigint) => Promise<ItemMessage | undefined>;
  readonly nodeId: () => Promise<bigint | undefined>;
  readonly roundTimeS: (round: bigint) => bigint;
  readonly clock: Clock;
  readonly log: Log;
};

export type SignedService = { readonly routes: LambdaRoutes; readonly pass: Pass; stop(): Promise<void> };

/** Makes it. */
export const makeSignedService = (deps: SignedServiceDeps): SignedService => {
  const { view, clock, inputCache, limits, maxWaitMs, log } = deps;
  const background = makeBackground(log);
  const nowS = (): Promise<bigint> => nowSeconds({ chain: view, clock });
  const hasInput = async (digest: Hex): Promise<boolean> => (await inputCache.open(digest)) !== undefined;
  const both = { ...deps, bars: makeBars(clock), hasInput, nowS };
  const spread = makeSpread({ ...both, readInput: inputCache.get, background });
  const door = makeSignedDoor({ ...both, putInput: inputCache.put, onNew: spread.notice });
  const lambdas = makeLambdas({ ...deps, cache: inputCache, nowS, stopping: background.signal });
  const { maxInputBytes } = limits;
  return { routes: { door, lambdas, maxInputBytes, maxWaitMs }, pass: spread.pass, stop: background.stop };
};
