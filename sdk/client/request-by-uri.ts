import { encodeFunctionData, type Hex } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context } from "./context.ts";
import { madeRequest, type MadeRequest } from "./made-request.ts";
import { type RequestInput, requestParams } from "./request-params.ts";
import { send } from "./send.ts";

/** `inputDigest` is keccak256 of the input that members fetch from `uri`. */
export type RequestByUriInput = RequestInput & { readonly inputDigest: Hex; readonly uri: string };

/** Asks for one computation over an input that is bound by its digest. Throws CallError where the escrow refuses it. */
export async function requestByUri(
  context: Context,
  { inputDigest, uri, ...asked }: RequestByUriInput,
): Promise<MadeRequest> {
  const args = [await requestParams(context, asked), inputDigest, uri] as const;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "requestByUri", args });
  return madeRequest(await send(context, { action: "Cannot request", to: context.deployment.escrow, data }));
}
