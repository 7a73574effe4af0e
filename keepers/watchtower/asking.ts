/** Brings evidence to a watchtower that runs alone: asks members of drawn committees for what they hold. */
import type { Hex } from "viem";
import type { RequestCore } from "../chain/requests.ts";
import { nowSeconds, type Tally } from "../job.ts";
import { mapLimit } from "../runtime/concurrency.ts";
import type { WatchtowerDeps } from "./deps.ts";
import { isExchangeOver, sampleOf } from "./plan.ts";

/** Requests are picked from so many of the newest. */
const newest = 1_000;
/** Requests are remembered as asked about as long as they can be picked, and longer. */
const maxAsked = 20_000;
const parallel = 4;

/** A function that asks about a sample of the requests that are over, each once. */
export const makeAsking = (deps: WatchtowerDeps): ((tally: Tally, signal: AbortSignal) => Promise<void>) => {
  const { chain, committees, source, settings, random } = deps;
  const { sample } = settings;
  const asked = new Set<Hex>();
  const remember = (requestId: Hex): void => {
    const oldest = asked.size >= maxAsked ? asked.values().next().value : undefined;
    if (oldest !== undefined) asked.delete(oldest);
    asked.add(requestId);
  };
  const ask = async (request: RequestCore, nowS: bigint, signal: AbortSignal): Promise<void> => {
    const found = await committees.of(request);
    if (source === undefined || "missing" in found) return;
    const { members, timeline } = found.committee;
    if (!isExchangeOver(request, timeline.attestEndS, nowS)) return;
    remember(request.requestId);
    const nodeIds = members.map(({ nodeId }) => nodeId);
    await source.ask(request.requestId, nodeIds, signal);
  };
  return async (tally, signal) => {
    if (source === undefined || sample === 0) return;
    const nowS = await nowSeconds(deps);
    const unasked = (await chain.newestRequests(newest)).filter(({ requestId }) => !asked.has(requestId));
    const picked = sampleOf(unasked, sample, random);
    await mapLimit(picked, parallel, async (request) => {
      if (signal.aborted) return;
      const what = { job: "watchtower", subject: request.requestId, action: "ask" };
      await tally.attempt(what, () => ask(request, nowS, signal));
    });
  };
};
