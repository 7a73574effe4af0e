import { type Address, encodeFunctionData, type TransactionReceipt } from "viem";
import { nodeRegistryAbi } from "../abi/node-registry.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** `amount` in units of ATOMA (18 decimals). */
export type WithdrawStakeInput = { readonly nodeId: bigint; readonly to: Address; readonly amount: bigint };

/** The call of `withdrawStake`. */
export function withdrawStakeCall(
  { nodeRegistry }: Pick<Deployment, "nodeRegistry">,
  { nodeId, to, amount }: WithdrawStakeInput,
): Call {
  const args = [Number(nodeId), to, amount] as const;
  const data = encodeFunctionData({ abi: nodeRegistryAbi, functionName: "withdraw", args });
  return { action: "Cannot withdraw stake", to: nodeRegistry, data };
}

/** Pays free stake of a node out. By its owner. */
export async function withdrawStake(context: Context, input: WithdrawStakeInput): Promise<TransactionReceipt> {
  return send(context, withdrawStakeCall(context.deployment, input));
}
