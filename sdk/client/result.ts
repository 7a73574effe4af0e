import { decodeFunctionData, type Hex, isAddressEqual } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Settlement } from "../agreement/settlement.ts";
import { hasBit } from "../committee/bitmap.ts";
import { type Payout, payoutOf } from "../money/payout.ts";
import { decodeHead } from "../words/head.ts";
import { requestIdOf } from "../words/request-id.ts";
import { committee } from "./committee.ts";
import type { ReadContext } from "./context.ts";
import { lifeEvents } from "./life-events.ts";
import { checkInstance, type MadeRequest } from "./made-request.ts";

/** What came of a settled request. */
export type Result = {
  readonly digest: Hex;
  /** 0 success, 1 success by hash, above 1 a failure. */
  readonly status: bigint;
  readonly usage: bigint;
  /** As shown at settlement; undefined if another contract called the escrow, so that it is not in the transaction's data. */
  readonly output: Hex | undefined;
  /** In draw order; `pay` in token units, 0 for a member that did not attest. */
  readonly members: readonly { readonly nodeId: bigint; readonly attested: boolean; readonly pay: bigint }[];
  readonly payout: Payout;
  readonly transactionHash: Hex;
};

/** The result of a request, or undefined if it is not settled. Throws InvalidValueError for one of another instance. */
export async function result(context: ReadContext, made: MadeRequest): Promise<Result | undefined> {
  checkInstance(made, context.deployment.escrow);
  const events = await lifeEvents(context, made);
  const settled = events.find((event) => event.type === "settled");
  return settled === undefined ? undefined : resultOf(context, made, settled);
}

/** The result that an event `Settled` announced, or undefined if the RPC lacks the request's round. */
export async function resultOf(
  context: ReadContext,
  made: Pick<MadeRequest, "requestId" | "words" | "fields">,
  { digest, head, transactionHash }: { readonly digest: Hex; readonly head: bigint; readonly transactionHash: Hex },
): Promise<Result | undefined> {
  const members = await committee(context, made.words);
  if (members === undefined) return undefined;
  const { status, usage, attested } = decodeHead(head);
  const payout = payoutOf({ request: made.fields, members, attested });
  const paid = members.map(({ nodeId }, i) => ({ nodeId, attested: hasBit(attested, i), pay: payout.pays[i] ?? 0n }));
  const output = (await settlementIn(context, transactionHash, made.requestId))?.output;
  return { digest, status, usage, output, members: paid, payout, transactionHash };
}

/** A request's settlement as a transaction that called the escrow showed it. */
async function settlementIn(
  { publicClient, deployment }: ReadContext,
  hash: Hex,
  requestId: Hex,
): Promise<Settlement | undefined> {
  const { to, input } = await publicClient.getTransaction({ hash });
  if (to === null || !isAddressEqual(to, deployment.escrow)) return undefined;
  return settlementsOf(input).find(({ request }) => requestIdOf(deployment, request) === requestId);
}

function settlementsOf(data: Hex): readonly Settlement[] {
  const { functionName, args } = decodeFunctionData({ abi: requestEscrowAbi, data });
  if (functionName === "settle") return args[0];
  return functionName === "settleSigned" || functionName === "finalize" ? [args[0]] : [];
}
