/** Tries settlements on the chain's present state, and puts the good ones into the outbox in batches. */
import { type Hex, keccak256, stringToHex, toFunctionSelector } from "viem";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import { formatAbiItem } from "viem/utils";
import type { RequestSummary } from "../chain/requests.ts";
import { escrowCall, type JobDeps } from "../job.ts";
import type { Actions } from "./actions.ts";
import { settleReserve } from "./callback-gas.ts";
import { batchesOf } from "./plan.ts";

/** A settlement that is due. `deadlineS` is the last second in which the chain takes it. */
export type Ready = {
  readonly request: RequestSummary;
  readonly settlement: Settlement;
  readonly deadlineS: bigint;
};

export type SettleDeps = Pick<JobDeps, "instance" | "transactions" | "txChain" | "log"> & { readonly actions: Actions };
export type BatchLimits = { readonly maxItems: number; readonly maxGas: bigint };

/** Names of the escrow's errors by selector, for reasons that it gives as selectors. */
const reasonNames: ReadonlyMap<string, string> = new Map(
  requestEscrowAbi.flatMap((item) =>
    item.type === "error" ? [[toFunctionSelector(formatAbiItem(item)), item.name] as const] : [],
  ),
);

/** Replaces a selector inside a simulation's sentence by the name of the error that it stands for. */
export const nameReason = (sentence: string): string =>
  sentence.replace(/0x[0-9a-f]{8}\b/g, (selector) => reasonNames.get(selector) ?? selector);

/** The call that settles all of these: several of the chain's, or a signed one alone, whose signature travels with it. */
const settleCall = (batch: readonly Ready[]): Hex => {
  const [first] = batch;
  const signature = first?.request.signature;
  if (first !== undefined && signature !== undefined)
    return escrowCall({ functionName: "settleSigned", args: [first.settlement, signature, []] });
  return escrowCall({ functionName: "settle", args: [batch.map(({ settlement }) => settlement), []] });
};

/**
 * Gas that an item adds to a batch: what it takes alone, without a transaction's own 21,000. That holds what must be left
 * for its callback, even if the callback took less.
 */
const itemGas = (gas: bigint): bigint => (gas > 21_000n ? gas - 21_000n : gas);

/** The gas that a settlement adds to a batch, or undefined (and a log line) where the chain refuses it. */
const tryAlone = async (deps: SettleDeps, ready: Ready): Promise<bigint | undefined> => {
  const { request } = ready;
  const { instance, transactions, txChain, log } = deps;
  const call = {
    from: transactions.address,
    to: instance.escrow,
    data: settleCall([ready]),
    value: 0n,
    gas: undefined,
  };
  const simulation = await txChain.simulate(call);
  if (simulation.ok) return itemGas(simulation.gas);
  log.info(
    { requestId: request.requestId, reason: nameReason(simulation.reason) },
    "a settlement is refused by the chain",
  );
  return undefined;
};

/** Subject of a batch: a request's id, or the hash of several. */
const subjectOf = (requestIds: readonly Hex[]): string =>
  requestIds.length === 1 ? (requestIds[0] ?? "") : keccak256(stringToHex(requestIds.join(" ")));

const submitBatch = async (deps: SettleDeps, batch: readonly Ready[]): Promise<void> => {
  const requestIds = batch.map(({ request }) => request.requestId);
  const deadlineS = batch.reduce(
    (least, one) => (one.deadlineS < least ? one.deadlineS : least),
    batch[0]?.deadlineS ?? 0n,
  );
  await deps.actions.submit("settle", requestIds, {
    contract: deps.instance.escrow,
    subject: subjectOf(requestIds),
    action: "settle",
    data: settleCall(batch),
    deadlineS: Number(deadlineS),
    reserveGas: batch.reduce((sum, { request }) => sum + settleReserve(request.fields), 0n),
  });
};

/**
 * Simulates each settlement alone, drops those that the chain refuses, and submits the rest in batches, signed ones alone. Calls `onItem`
 * around the work on each item, so that one that fails does not stop the others. Returns how many were submitted.
 */
export const settleAll = async (
  deps: SettleDeps,
  ready: readonly Ready[],
  limits: BatchLimits,
  onItem: (requestId: Hex, fn: () => Promise<bigint | undefined>) => Promise<bigint | undefined>,
): Promise<number> => {
  const good: (Ready & { requestId: Hex; gas: bigint })[] = [];
  for (const one of ready) {
    const { requestId } = one.request;
    const gas = await onItem(requestId, () => tryAlone(deps, one));
    if (gas !== undefined) good.push({ ...one, requestId, gas });
  }
  const isSigned = ({ request }: Ready): boolean => request.signature !== undefined;
  const announced = good.filter((one) => !isSigned(one));
  for (const batch of batchesOf(announced, limits.maxItems, limits.maxGas)) await submitBatch(deps, batch);
  for (const one of good.filter(isSigned)) await submitBatch(deps, [one]);
  return good.length;
};
