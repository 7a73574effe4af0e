import { type Address, encodeFunctionData, type Hex } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context, ReadContext } from "./context.ts";
import { madeRequest, type MadeRequest } from "./made-request.ts";
import { type RequestInput, requestParams } from "./request-params.ts";
import { type Call, send } from "./send.ts";

/** `inputDigest` is keccak256 of the input that members fetch from `uri`. */
export type RequestByUriInput = RequestInput & { readonly inputDigest: Hex; readonly uri: string };

/** The call of `requestByUri`; `requester` sends it. */
export async function requestByUriCall(
  context: ReadContext,
  requester: Address,
  { inputDigest, uri, ...asked }: RequestByUriInput,
): Promise<Call> {
  const args = [await requestParams(context, requester, asked), inputDigest, uri] as const;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "requestByUri", args });
  return { action: "Cannot request", to: context.deployment.escrow, data };
}

/** Asks for one computation over an input that is bound by its digest. Throws CallError where the escrow refuses it. */
export async function requestByUri(context: Context, input: RequestByUriInput): Promise<MadeRequest> {
  return madeRequest(await send(context, await requestByUriCall(context, context.walletClient.account.address, input)));
}
