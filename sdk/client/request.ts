import { type Address, encodeFunctionData, type Hex } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context, ReadContext } from "./context.ts";
import { madeRequest, type MadeRequest } from "./made-request.ts";
import { type RequestInput, requestParams } from "./request-params.ts";
import { type Call, send } from "./send.ts";

/** The call of `request`; `requester` sends it. */
export async function requestCall(
  context: ReadContext,
  requester: Address,
  { input, ...asked }: RequestInput & { readonly input: Hex },
): Promise<Call> {
  const args = [await requestParams(context, requester, asked), input] as const;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "request", args });
  return { action: "Cannot request", to: context.deployment.escrow, data };
}

/** Asks for one computation over an input that travels in the transaction. Throws CallError where the escrow refuses it. */
export async function request(context: Context, input: RequestInput & { readonly input: Hex }): Promise<MadeRequest> {
  return madeRequest(await send(context, await requestCall(context, context.walletClient.account.address, input)));
}
