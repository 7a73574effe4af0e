/**
 * The watchtower's pass: asks for evidence where no other job does, computes a sample again, reports nodes that
 * contradicted themselves, opens disputes, and takes them further.
 */
import { makeTally } from "../job.ts";
import type { Pass } from "../runtime/loop.ts";
import { makeAsking } from "./asking.ts";
import type { WatchtowerDeps } from "./deps.ts";
import { driveDisputes } from "./disputes.ts";
import { makeEquivocations } from "./equivocation.ts";
import { makeOpenings } from "./opening.ts";

const what = { job: "watchtower", subject: "results" };

/** Makes the pass. It puts transactions into the outbox; sending them is the outbox's business. */
export const makeWatchtowerJob = (deps: WatchtowerDeps): Pass => {
  const askMembers = makeAsking(deps);
  const proveEquivocations = makeEquivocations(deps);
  const openDisputes = makeOpenings(deps);
  return async (signal) => {
    const tally = makeTally(deps.log);
    await askMembers(tally, signal);
    await tally.attempt({ ...what, action: "compute again" }, async () => deps.reexecution?.start());
    await proveEquivocations(tally, signal);
    if (deps.settings.open) await openDisputes(tally, signal);
    if (deps.settings.disputes) await driveDisputes(deps, tally, signal);
    return tally.report();
  };
};
