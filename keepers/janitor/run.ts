/** The janitor's pass: pools and their snapshots, dead requests, ends of challenge windows, no-shows, earnings, and old rows of the store. */
import { makeTally, nowSeconds } from "../job.ts";
import type { Pass } from "../runtime/loop.ts";
import type { JanitorDeps } from "./deps.ts";
import { tidyEarnings } from "./earnings.ts";
import { tidyPools } from "./evictions.ts";
import { tidyNoShows } from "./no-shows.ts";
import { tidyRequests } from "./requests.ts";
import { tidySnapshots } from "./snapshots.ts";

const hourMs = 3_600_000;
/** Outcomes of transactions are remembered for so long: longer than any request lives. */
const outboxKeptMs = 60 * 24 * hourMs;

/** Makes the pass. It puts transactions into the outbox; sending them is the outbox's business. */
export const makeJanitorJob = (deps: JanitorDeps): Pass => {
  const { chain, transactions, clock, log, settings } = deps;
  let prunedMs = Number.NEGATIVE_INFINITY;
  const prune = async (): Promise<void> => {
    if (clock.now() - prunedMs < hourMs) return;
    await chain.prune();
    await transactions.prune(clock.now() - outboxKeptMs);
    prunedMs = clock.now();
  };
  return async (signal) => {
    const tally = makeTally(log);
    const now = { nowS: await nowSeconds(deps), head: (await chain.head()).blockNumber };
    await tidyRequests(deps, now, tally, signal);
    await tidyPools(deps, now, tally, signal);
    await tidySnapshots(deps, now, tally, signal);
    if (settings.noShows) await tidyNoShows(deps, tally, signal);
    if (settings.earnings) await tidyEarnings(deps, now, tally);
    await tally.attempt({ job: "janitor", subject: "store", action: "prune" }, prune);
    return tally.report();
  };
};
