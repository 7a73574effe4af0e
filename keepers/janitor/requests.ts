/** Requests that ended without anybody saying so: refunds of dead ones, ends of challenge windows. */
import type { Hex } from "viem";
import type { RequestSummary } from "../chain/requests.ts";
import { escrowCall, type Tally } from "../job.ts";
import { actionKey } from "../settler/actions.ts";
import { submitFollowUp, submitWithoutOutput } from "../settler/follow-up.ts";
import { expiryOf } from "./plan.ts";
import type { JanitorDeps } from "./deps.ts";

/** A refund that was refused, because the chain's clock lags this machine's, is simulated again after so long. */
const refusedRetryMs = 10_000;
/** Ends of challenge windows are left to settlers for so long, seconds. */
const graceS = 60n;

const isDrawn = async ({ committees }: JanitorDeps, request: RequestSummary): Promise<boolean> => {
  const found = await committees.of(request);
  return !("missing" in found && found.missing === "CommitteeIncomplete");
};

const expire = async (deps: JanitorDeps, request: RequestSummary, nowS: bigint): Promise<boolean> => {
  const { chain, instance, actions, log } = deps;
  const { requestId, fields, words } = request;
  const round = await chain.round(fields.round);
  const drawn = round === undefined ? undefined : await isDrawn(deps, request);
  const reason = expiryOf({ request, round, isDrawn: drawn, schedule: instance.drand, nowS });
  if (reason === undefined) return false;
  log.info({ requestId, reason }, "a request is dead and will be refunded");
  const data = escrowCall({ functionName: "expire", args: [words] });
  const intent = {
    contract: instance.escrow,
    subject: requestId,
    action: "expire",
    data,
    retryAfterMs: refusedRetryMs,
  };
  await actions.submit("expire", [requestId], intent);
  return true;
};

const finalize = async (deps: JanitorDeps, request: RequestSummary, nowS: bigint): Promise<boolean> => {
  const { finalizeAfterS } = request.outcome ?? {};
  if (finalizeAfterS === undefined || nowS <= finalizeAfterS + graceS) return false;
  if (request.isDisputed && request.verdict === undefined) return false;
  if (await submitFollowUp(deps, "finalize", request)) return true;
  return nowS > finalizeAfterS + request.fields.expireDelayS + graceS && submitWithoutOutput(deps, request);
};

/** Goes through the active requests and submits what is due for each. */
export const tidyRequests = async (
  deps: JanitorDeps,
  { nowS, head }: { readonly nowS: bigint; readonly head: bigint },
  tally: Tally,
  signal: AbortSignal,
): Promise<void> => {
  const { chain, actions, settings } = deps;
  const requests = await chain.activeSummaries();
  const busy = await actions.reconcile(requests, head);
  const isBusy = (action: "expire" | "finalize", requestId: Hex): boolean =>
    busy.has(actionKey(action, requestId)) ||
    (action === "finalize" && busy.has(actionKey("finalizeWithoutOutput", requestId)));
  for (const request of requests) {
    const action = request.state === "open" ? "expire" : "finalize";
    const isWanted =
      (request.state === "open" && settings.expire) || (request.state === "recorded" && settings.finalize);
    if (signal.aborted || !isWanted || isBusy(action, request.requestId)) continue;
    const run = action === "expire" ? expire : finalize;
    const what = { job: "janitor", subject: request.requestId, action };
    if ((await tally.attempt(what, () => run(deps, request, nowS))) === true) tally.done();
  }
};
