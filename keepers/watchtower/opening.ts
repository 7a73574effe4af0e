/** Opens disputes: over requests whose members contradict each other or the result, or which came out otherwise here. */
import type { Hex } from "viem";
import type { RequestWords } from "../../sdk/words/request.ts";
import type { ChainRequest } from "../chain/view.ts";
import type { Tally } from "../job.ts";
import type { WatchtowerDeps } from "./deps.ts";
import { readOpening } from "./opening-facts.ts";
import { type Opening, openingsOf } from "./opening-plan.ts";
import { disputesCall, evidenceOf, submitOnce } from "./submit.ts";

/** The chain's clock may lag this machine's; what it refuses for good is not asked often. */
const refusedRetryMs = 30_000;
/** What members said before the start is looked at from so long ago on: longer than a request can be disputed. */
const lookBackMs = 9 * 86_400_000;
/** Another process of the same store may write a message a little after it took the time for it. */
const marginMs = 60_000;

type Outcome = { readonly digest: Hex; readonly head: bigint; readonly settler: Hex };

const seatOf = (members: readonly bigint[], nodeId: bigint): bigint => BigInt(members.indexOf(nodeId));

const dataOf = (words: RequestWords, outcome: Outcome | undefined, members: readonly bigint[], opening: Opening) => {
  if (opening.kind === "openByConflict") {
    const [first, second] = [opening.first, opening.second].map((one) => evidenceOf(one, seatOf(members, one.nodeId)));
    if (first === undefined || second === undefined) throw new Error("a conflict has two sides");
    return disputesCall({ functionName: "openByConflict", args: [words, first, second] });
  }
  if (outcome === undefined) throw new Error("a result that is not there cannot be challenged");
  if (opening.kind === "openByBond") return disputesCall({ functionName: "openByBond", args: [words, outcome] });
  const dissent = evidenceOf(opening.dissent, seatOf(members, opening.dissent.nodeId));
  return disputesCall({ functionName: "openByDissent", args: [words, outcome, dissent] });
};

const subjectOf = (requestId: Hex, opening: Opening): string => {
  if (opening.kind === "openByConflict") return `${requestId}:${opening.first.nodeId}:${opening.second.nodeId}`;
  return opening.kind === "openByDissent" ? `${requestId}:${opening.dissent.nodeId}` : requestId;
};

/** `over`: there is nothing to dispute, now or later, unless somebody says something new. */
type Look = "started" | "waiting" | "over";

/** Looks at one request, and puts the first opening into the outbox that the chain has not refused. */
const look = async (deps: WatchtowerDeps, request: ChainRequest): Promise<Look> => {
  const read = await readOpening(deps, request);
  if (read === "over" || read === "waiting") return read;
  const { facts, outcome } = read;
  const { requestId, words } = request;
  for (const opening of openingsOf(facts)) {
    const { kind: action, untilS: deadlineS } = opening;
    const data = dataOf(words, outcome, facts.members, opening);
    const intent = { subject: subjectOf(requestId, opening), action, data, deadlineS, retryAfterMs: refusedRetryMs };
    const submitted = await submitOnce(deps, intent);
    if (submitted === "refused") continue;
    if (submitted === "known") return "waiting";
    deps.log.warn({ requestId, action }, "a result is disputed: a dispute is opened");
    return "started";
  }
  return "waiting";
};

/** A function that looks at all requests about which members disagree, and at those that came out otherwise here. */
export const makeOpenings = (deps: WatchtowerDeps): ((tally: Tally, signal: AbortSignal) => Promise<void>) => {
  const { chain, clock, held, reexecution } = deps;
  const open = new Set<Hex>();
  let seenMs = clock.now() - lookBackMs;
  const find = async (): Promise<void> => {
    const nowMs = clock.now();
    for (const requestId of await held.attested(seenMs)) open.add(requestId);
    for (const requestId of reexecution?.differing() ?? []) open.add(requestId);
    seenMs = nowMs - marginMs;
  };
  return async (tally, signal) => {
    await find();
    for (const requestId of open) {
      if (signal.aborted) return;
      const what = { job: "watchtower", subject: requestId, action: "open" };
      await tally.attempt(what, async () => {
        const request = await chain.request(requestId);
        const isOnChain = request !== undefined && request.signature === undefined; // a signed one cannot be disputed
        const found = isOnChain ? await look(deps, request) : "over";
        if (found === "over") open.delete(requestId);
        tally.done(Number(found === "started"));
      });
    }
  };
};
