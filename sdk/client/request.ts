import { encodeFunctionData, type Hex } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context } from "./context.ts";
import { madeRequest, type MadeRequest } from "./made-request.ts";
import { type RequestInput, requestParams } from "./request-params.ts";
import { send } from "./send.ts";

/** Asks for one computation over an input that travels in the transaction. Throws CallError where the escrow refuses it. */
export async function request(
  context: Context,
  { input, ...asked }: RequestInput & { readonly input: Hex },
): Promise<MadeRequest> {
  const args = [await requestParams(context, asked), input] as const;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "request", args });
  return madeRequest(await send(context, { action: "Cannot request", to: context.deployment.escrow, data }));
}
