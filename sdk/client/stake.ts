import { encodeFunctionData, type TransactionReceipt } from "viem";
import { nodeRegistryAbi } from "../abi/node-registry.ts";
import { approve } from "./approve.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** `amount` in units of ATOMA (18 decimals). */
export type StakeInput = { readonly nodeId: bigint; readonly amount: bigint };

/** Adds free stake to a node from the wallet's ATOMA, and approves it first where that is needed. */
export async function stake(context: Context, { nodeId, amount }: StakeInput): Promise<TransactionReceipt> {
  const { atoma, nodeRegistry } = context.deployment;
  await approve(context, atoma, nodeRegistry, amount);
  const data = encodeFunctionData({ abi: nodeRegistryAbi, functionName: "deposit", args: [Number(nodeId), amount] });
  return send(context, { action: "Cannot stake", to: nodeRegistry, data });
}
