import { encodeFunctionData, type TransactionReceipt } from "viem";
import { nodeRegistryAbi } from "../abi/node-registry.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** A base URL of at most 256 bytes. */
export type SetEndpointInput = { readonly nodeId: bigint; readonly endpoint: string };

/** The call of `setEndpoint`. */
export function setEndpointCall(
  { nodeRegistry }: Pick<Deployment, "nodeRegistry">,
  { nodeId, endpoint }: SetEndpointInput,
): Call {
  const args = [Number(nodeId), endpoint] as const;
  const data = encodeFunctionData({ abi: nodeRegistryAbi, functionName: "setEndpoint", args });
  return { action: "Cannot set the endpoint", to: nodeRegistry, data };
}

/** Says where the committee endpoint of a node is. By its owner. */
export async function setEndpoint(context: Context, input: SetEndpointInput): Promise<TransactionReceipt> {
  return send(context, setEndpointCall(context.deployment, input));
}
