/** Members that did nothing on chain though a quorum could: slashed within the day in which that is possible. */
import { indicesOf } from "../../sdk/committee/bitmap.ts";
import { escrowCall, type Tally } from "../job.ts";
import type { NoShows } from "../chain/fallbacks.ts";
import type { JanitorDeps } from "./deps.ts";

const dayMs = 86_400_000;
/** A node is slashed once a day: what is refused now may be taken later. */
const refusedRetryMs = 3_600_000;

const slash = async (deps: JanitorDeps, { requestId, idle, seenMs }: NoShows): Promise<number> => {
  const { chain, committees, transactions, instance } = deps;
  const request = await chain.request(requestId);
  const found = request === undefined ? undefined : await committees.of(request);
  if (request === undefined || found === undefined || "missing" in found) return 0;
  const slashed = await chain.slashed(requestId);
  let count = 0;
  for (const seat of indicesOf(idle)) {
    const key = { contract: instance.escrow, subject: `${requestId}:${seat}`, action: "slashNoShow" };
    const nodeId = found.committee.members[seat]?.nodeId;
    if (nodeId === undefined || slashed.has(nodeId) || (await transactions.find(key)) !== undefined) continue;
    const data = escrowCall({ functionName: "slashNoShow", args: [request.words, BigInt(seat)] });
    const deadlineS = Math.floor((seenMs + dayMs) / 1_000);
    await transactions.submit({ ...key, data, deadlineS, retryAfterMs: refusedRetryMs });
    count += 1;
  }
  return count;
};

/** Puts a transaction for each no-show into the outbox, once. */
export const tidyNoShows = async (deps: JanitorDeps, tally: Tally, signal: AbortSignal): Promise<void> => {
  for (const one of await deps.chain.noShows(deps.clock.now() - dayMs)) {
    if (signal.aborted) return;
    const what = { job: "janitor", subject: one.requestId, action: "slashNoShow" };
    tally.done((await tally.attempt(what, () => slash(deps, one))) ?? 0);
  }
};
