/** What comes after a settlement: the end of its challenge window, and callbacks that failed. Used by settler and janitor. */
import type { Hex } from "viem";
import type { RequestSummary } from "../chain/requests.ts";
import { escrowCall, type JobDeps } from "../job.ts";
import { RpcError } from "../runtime/errors.ts";
import type { Actions } from "./actions.ts";
import { callbackReserve } from "./callback-gas.ts";
import { pastSettlement, type PastSettlement, type SentTransaction } from "./past-settlement.ts";

/** A result that this keeper holds. */
export type KeptResult = {
  readonly digest: Hex;
  readonly status: bigint;
  readonly usage: bigint;
  readonly output: Hex;
};

export type FollowUpDeps = Pick<JobDeps, "instance" | "rpc" | "transactions" | "log"> & {
  readonly actions: Actions;
  /** Results that members have given this keeper, for settlements that went through another contract. */
  readonly results?: (requestId: Hex) => Promise<readonly KeptResult[]>;
};
export type FollowUp = "finalize" | "retryCallback";

/** A finalisation that was refused, because the chain's clock lags this machine's, is simulated again after so long. */
const refusedRetryMs = 4_000;

const isHexText = (value: unknown): value is Hex => typeof value === "string" && /^0x[0-9a-fA-F]*$/.test(value);

const readTransaction = async ({ rpc }: FollowUpDeps, hash: Hex): Promise<SentTransaction | undefined> => {
  const answer = await rpc.request("eth_getTransactionByHash", [hash]);
  if (answer === null) return undefined;
  const { from, to, input } = typeof answer === "object" ? (answer as Record<string, unknown>) : {};
  if (!isHexText(from) || !isHexText(input) || !(to === null || isHexText(to)))
    throw new RpcError("garbage", "the RPC answered garbage: a transaction without sender, receiver or input");
  return { from, to, input };
};

/** The settlement put together again from a result that is held here: whoever called the escrow showed no words to us. */
const fromResults = async (
  { results }: FollowUpDeps,
  { requestId, words, outcome }: RequestSummary,
  { to }: SentTransaction,
): Promise<PastSettlement | undefined> => {
  const result = (await results?.(requestId))?.find(({ digest }) => digest === outcome?.digest);
  const settler = outcome?.settler ?? to; // an event names who recorded; else the contract that was called
  if (result === undefined || outcome === undefined || !settler) return undefined;
  return { settlement: { request: words, head: outcome.head, proof: "0x", output: result.output }, settler };
};

const find = async (deps: FollowUpDeps, request: RequestSummary): Promise<PastSettlement | undefined> => {
  const { instance, log } = deps;
  const { requestId, outcome } = request;
  if (outcome === undefined) return undefined;
  const transactions = [];
  for (const hash of [outcome.transactionHash, outcome.recordedHash]) {
    const transaction = hash === undefined ? undefined : await readTransaction(deps, hash);
    if (transaction === undefined) continue;
    const past = pastSettlement(instance.escrow, request, transaction);
    if (past !== undefined) return past;
    transactions.push(transaction);
  }
  for (const transaction of transactions) {
    const kept = await fromResults(deps, request, transaction);
    if (kept !== undefined) return kept;
  }
  const fields = { requestId, transaction: outcome.transactionHash };
  log.info(fields, "the settlement's words are not in the calldata of its transaction");
  return undefined;
};

/** Puts the call into the outbox. False where the settlement's words cannot be found. */
export const submitFollowUp = async (
  deps: FollowUpDeps,
  action: FollowUp,
  request: RequestSummary,
): Promise<boolean> => {
  const { instance, actions } = deps;
  const past = await find(deps, request);
  if (past === undefined) return false;
  const { settlement, settler } = past;
  const data =
    action === "finalize"
      ? escrowCall({ functionName: action, args: [settlement, settler] })
      : escrowCall({ functionName: action, args: [settlement] });
  const reserveGas = callbackReserve(request.fields);
  const intent = { contract: instance.escrow, subject: request.requestId, action, data, reserveGas };
  const isPatient = action === "finalize"; // a callback that reverts is tried again by plan, with longer waits
  await actions.submit(action, [request.requestId], isPatient ? { ...intent, retryAfterMs: refusedRetryMs } : intent);
  return true;
};

/** Puts the end of a recorded result whose output nobody shows into the outbox: all its words are in the events. */
export const submitWithoutOutput = async (
  { instance, actions }: FollowUpDeps,
  { requestId, words, outcome }: RequestSummary,
): Promise<boolean> => {
  if (outcome?.settler === undefined) return false;
  const { digest, head, settler } = outcome;
  const action = "finalizeWithoutOutput";
  const data = escrowCall({ functionName: action, args: [words, digest, head, settler] });
  const intent = { contract: instance.escrow, subject: requestId, action, data, retryAfterMs: refusedRetryMs };
  await actions.submit(action, [requestId], intent);
  return true;
};

/** How often this keeper has tried to deliver the request's callback again. */
export const retriesOf = async (
  { instance, transactions }: Pick<FollowUpDeps, "instance" | "transactions">,
  requestId: Hex,
): Promise<number> => {
  const known = await transactions.find({ contract: instance.escrow, subject: requestId, action: "retryCallback" });
  return known?.status.generation ?? 0;
};
