import { encodeFunctionData, type Hex } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { inputsRootOf } from "../merkle/bundle.ts";
import type { Context } from "./context.ts";
import { madeRequest, type MadeRequest } from "./made-request.ts";
import { type RequestInput, requestParams } from "./request-params.ts";
import { send } from "./send.ts";

/** The items' inputs in index order; members fetch them from `uri`. Each item may use units / items. */
export type BundleInput = RequestInput & { readonly inputs: readonly Hex[]; readonly uri: string };

/** Asks for many computations by one committee. Throws CallError where the escrow refuses it. */
export async function requestBundle(context: Context, { inputs, uri, ...asked }: BundleInput): Promise<MadeRequest> {
  const args = [
    await requestParams(context, context.walletClient.account.address, asked),
    inputs.length,
    inputsRootOf(inputs),
    uri,
  ] as const;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "requestBundle", args });
  return madeRequest(await send(context, { action: "Cannot request a bundle", to: context.deployment.escrow, data }));
}
