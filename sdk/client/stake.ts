import { encodeFunctionData, type TransactionReceipt } from "viem";
import { nodeRegistryAbi } from "../abi/node-registry.ts";
import { approve } from "./approve.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** `amount` in units of ATOMA (18 decimals). */
export type StakeInput = { readonly nodeId: bigint; readonly amount: bigint };

/** The call of `stake`, which needs an allowance. */
export function stakeCall({ nodeRegistry }: Pick<Deployment, "nodeRegistry">, { nodeId, amount }: StakeInput): Call {
  const data = encodeFunctionData({ abi: nodeRegistryAbi, functionName: "deposit", args: [Number(nodeId), amount] });
  return { action: "Cannot stake", to: nodeRegistry, data };
}

/** Adds free stake to a node from the wallet's ATOMA, and approves it first where that is needed. */
export async function stake(context: Context, input: StakeInput): Promise<TransactionReceipt> {
  const { atoma, nodeRegistry } = context.deployment;
  await approve(context, atoma, nodeRegistry, input.amount);
  return send(context, stakeCall(context.deployment, input));
}
