/** Takes known disputes further: what follows from a verdict follows only if somebody calls it. */
import type { Hex } from "viem";
import type { RequestWords } from "../../sdk/words/request.ts";
import { nowSeconds, type Tally } from "../job.ts";
import type { WatchtowerDeps } from "./deps.ts";
import { readDispute } from "./dispute-facts.ts";
import { type DisputeStep, dueOf } from "./dispute-plan.ts";
import { disputesCall, evidenceOf, submitOnce } from "./submit.ts";

/** A step that was refused, because the chain's clock lags this machine's, is simulated again after so long. */
const refusedRetryMs = 4_000;
/** What has no last moment is given up after so long, and started anew while it is due. */
const patienceS = 86_400n;

const dataOf = (words: RequestWords, step: DisputeStep): Hex => {
  if (step.kind === "punish") {
    const evidence = evidenceOf(step.attestation, BigInt(step.seat));
    return disputesCall({ functionName: "punish", args: [words, step.level, evidence] });
  }
  if (step.kind === "punishSilent")
    return disputesCall({ functionName: "punishSilent", args: [words, step.level, BigInt(step.seat)] });
  return disputesCall({ functionName: step.kind, args: [words] });
};

const subjectOf = (requestId: Hex, step: DisputeStep): string =>
  [requestId, ...("level" in step ? [step.level] : []), ...("seat" in step ? [step.seat] : [])].join(":");

/** Puts one step into the outbox. False if it is there. */
const take = async (deps: WatchtowerDeps, requestId: Hex, words: RequestWords, step: DisputeStep): Promise<boolean> => {
  const { kind: action } = step;
  const deadlineS = "untilS" in step ? step.untilS : (await nowSeconds(deps)) + patienceS;
  const intent = { subject: subjectOf(requestId, step), action, data: dataOf(words, step), deadlineS };
  if ((await submitOnce(deps, { ...intent, retryAfterMs: refusedRetryMs })) !== "started") return false;
  deps.log.info({ requestId, action }, "a dispute is taken further");
  return true;
};

/** Looks at one dispute. Returns how many steps were started. */
const look = async (deps: WatchtowerDeps, requestId: Hex): Promise<number> => {
  const request = await deps.chain.request(requestId);
  if (request === undefined) {
    deps.log.warn({ requestId }, "a request that is not known here is disputed: nothing can be done about it");
    return 0;
  }
  const facts = await readDispute(deps, request);
  let started = 0;
  for (const step of facts === undefined ? [] : dueOf(facts))
    started += Number(await take(deps, requestId, request.words, step));
  return started;
};

/** Goes through the disputes that are not closed, and puts what is due for each into the outbox. */
export const driveDisputes = async (deps: WatchtowerDeps, tally: Tally, signal: AbortSignal): Promise<void> => {
  for (const requestId of await deps.chain.openDisputes()) {
    if (signal.aborted) return;
    const what = { job: "watchtower", subject: requestId, action: "dispute" };
    tally.done((await tally.attempt(what, () => look(deps, requestId))) ?? 0);
  }
};
