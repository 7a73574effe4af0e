/** Computes a random sample of results again, beside the passes, and remembers what it found. */
import type { Hex } from "viem";
import type { RequestCore } from "../chain/requests.ts";
import type { ChainFollower } from "../chain/chain-view.ts";
import type { Background } from "../executor/background.ts";
import { type Execute, isBundle } from "../executor/execution.ts";
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
  /** Requests whose result is another here. */
  differing(): readonly Hex[];
  /** Waits for all that was started. */
  idle(): Promise<void>;
};

/** Results are picked from so many of the newest requests. */
const newest = 1_000;
/** So many are remembered as seen, or as computed: longer than they can be picked. */
const maxKept = 20_000;
/** So many wait to be computed; what comes on top is left out. */
const maxWaiting = 64;

const remember = <T>(kept: Map<Hex, T>, requestId: Hex, value: T): void => {
  const oldest = kept.size >= maxKept ? kept.keys().next().value : undefined;
  if (oldest !== undefined) kept.delete(oldest);
  kept.set(requestId, value);
};

/** Makes the sample. Nothing that it does fails a pass: a result that cannot be computed here is left to others. */
export const makeReexecution = (deps: ReexecutionDeps): Reexecution => {
  const { chain, committees, execute, background, clock, log } = deps;
  const seen = new Map<Hex, true>();
  const results = new Map<Hex, { readonly found: Hex; readonly differs: boolean }>();
  const waiting = new Set<Promise<void>>();
  const counter = deps.metrics?.counter({
    name: "reexecutions_total",
    help: "Results computed again by the watchtower: the same, another, or left out",
    labels: { outcome: ["same", "different", "skipped"] },
  });

  const compute = async ({ requestId, outcome, fields }: RequestCore, peers: readonly bigint[]): Promise<void> => {
    const request = await chain.request(requestId);
    if (request === undefined || outcome === undefined) return;
    // a dispute window is at most as long as a request's own, so half of the shorter one is left to open the dispute
    const windowS = outcome.finalizeAfterS === undefined ? fields.disputeWindowS : fields.challengeWindowS;
    const untilMs = clock.now() + Number(windowS) * 500;
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
    remember(results, requestId, { found, differs });
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
        ({ requestId, state }) => (state === "recorded" || state === "settled") && !seen.has(requestId),
      );
      for (const request of fresh) {
        remember(seen, request.requestId, true);
        if (deps.random() >= deps.share || waiting.size >= maxWaiting) continue;
        const peers = await peersOf(request);
        if (peers === undefined) continue;
        background.run(() => {
          const computing = compute(request, peers).finally(() => waiting.delete(computing));
          waiting.add(computing);
          return computing;
        });
      }
    },
    found: (requestId) => results.get(requestId)?.found,
    idle: async () => void (await Promise.allSettled(waiting)),
    differing: () => [...results].flatMap(([requestId, { differs }]) => (differs ? [requestId] : [])),
  };
};
