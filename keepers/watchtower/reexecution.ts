/** Computes a random sample of results again, beside the passes, and remembers what it found. */
import type { Hex } from "viem";
import type { RequestCore } from "../chain/requests.ts";
import type { ChainFollower } from "../chain/chain-view.ts";
import type { Background } from "../executor/background.ts";
import { type Execute, isBundle } from "../executor/execution.ts";
import { makeLimiter } from "../executor/limiter.ts";
import { concludeBundle } from "../executor/outcome.ts";
import { type Committees, seatOf } from "../network/committees.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";

export type ReexecutionDeps = {
  readonly chain: Pick<ChainFollower, "newestRequests" | "request">;
  readonly committees: Pick<Committees, "of">;
  readonly execute: Execute;
  readonly background: Background;
  readonly nodeId: () => Promise<bigint | undefined>;
  /** Last second in which a result can be disputed, Unix seconds; undefined where it is over. */
  readonly disputableUntil: (request: RequestCore) => Promise<bigint | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  /** Share of results that are computed again, within 0..1. */
  readonly share: number;
  /** Within 0..1, without 1. */
  readonly random: () => number;
};

export type Reexecution = {
  /** Picks among results that came since the last call, and starts to compute them. */
  start(): Promise<void>;
  /** What was found for a request, if it was computed. */
  found(requestId: Hex): Hex | undefined;
  /** Requests whose result was found to be another here since the last call. */
  differing(): readonly Hex[];
  /** Waits for all that was started. */
  idle(): Promise<void>;
};

/** Results are picked from so many of the newest requests. */
const newest = 1_000;
/** So many are remembered as seen, or as computed: longer than they can be picked. */
const maxKept = 20_000;
/** So many wait to be computed; what comes on top is looked at later. */
const maxWaiting = 64;

const remember = <K, T>(kept: Map<K, T>, key: K, value: T): void => {
  const oldest = kept.size >= maxKept ? kept.keys().next().value : undefined;
  if (oldest !== undefined) kept.delete(oldest);
  kept.set(key, value);
};

/** Makes the sample. Nothing that it does fails a pass: a result that cannot be computed here is left to others. */
export const makeReexecution = (deps: ReexecutionDeps): Reexecution => {
  const { chain, committees, execute, background, clock, log } = deps;
  const seen = new Map<string, true>();
  const results = new Map<Hex, Hex>();
  const limiter = makeLimiter(1); // a whole computation at a time: its inputs are held as long as it takes
  let differing: Hex[] = [];
  const waiting = new Set<Promise<void>>();
  const counter = deps.metrics?.counter({
    name: "reexecutions_total",
    help: "Results computed again by the watchtower: the same, another, or left out",
    labels: { outcome: ["same", "different", "skipped"] },
  });

  /** Half of the time that is left is left to open the dispute. */
  const compute = async (core: RequestCore, peers: readonly bigint[]): Promise<void> => {
    const { requestId, outcome } = core;
    const [request, untilS] = [await chain.request(requestId), await deps.disputableUntil(core)];
    if (request === undefined || outcome === undefined || untilS === undefined) return;
    const untilMs = (clock.now() + Number(untilS) * 1_000) / 2;
    const executed = await execute({ request, peers, untilMs, signal: background.signal });
    if ("skipped" in executed) {
      counter?.(1, { outcome: "skipped" });
      log.info({ requestId, why: executed.skipped }, "a result could not be computed again");
      return;
    }
    const { digests } = executed;
    const found = isBundle(request) ? concludeBundle(digests).digest : digests[0];
    if (found === undefined) return;
    const differs = found !== outcome.digest;
    remember(results, requestId, found);
    if (differs) differing.push(requestId);
    counter?.(1, { outcome: differs ? "different" : "same" });
    if (differs) log.error({ requestId, found, settled: outcome.digest }, "a result is another when computed here");
  };

  /** Committees of which this node is no member: what it found as a member, it has attested. */
  const peersOf = async (request: RequestCore): Promise<readonly bigint[] | undefined> => {
    const [lookup, own] = [await committees.of(request), await deps.nodeId()];
    if ("missing" in lookup || (own !== undefined && seatOf(lookup.committee, own) >= 0)) return undefined;
    return lookup.committee.members.map(({ nodeId }) => nodeId);
  };

  return {
    start: async () => {
      const fresh = (await chain.newestRequests(newest)).filter(
        ({ requestId, state }) => (state === "recorded" || state === "settled") && !results.has(requestId),
      );
      for (const request of fresh) {
        const key = `${request.requestId} ${request.state}`; // a result that is paid can be disputed once more
        if (seen.has(key)) continue;
        if (waiting.size >= maxWaiting) return;
        remember(seen, key, true);
        if (deps.random() >= deps.share) continue;
        const peers = await peersOf(request);
        if (peers === undefined) continue;
        background.run(() => {
          const work = limiter(() => compute(request, peers), background.signal);
          const computing = work.finally(() => waiting.delete(computing));
          waiting.add(computing);
          return computing;
        });
      }
    },
    found: (requestId) => results.get(requestId),
    idle: async () => void (await Promise.allSettled(waiting)),
    differing: () => {
      const found = differing;
      differing = [];
      return found;
    },
  };
};
