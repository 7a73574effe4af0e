import { encodeFunctionData, type TransactionReceipt } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** The call of `withdrawEarnings`. */
export function withdrawEarningsCall({ escrow }: Pick<Deployment, "escrow">, nodeId: bigint): Call {
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "withdrawEarnings", args: [Number(nodeId)] });
  return { action: "Cannot withdraw earnings", to: escrow, data };
}

/** Second step, by anyone, once the dispute window is over: moves a claim to the account of the node's owner. */
export async function withdrawEarnings(context: Context, nodeId: bigint): Promise<TransactionReceipt> {
  return send(context, withdrawEarningsCall(context.deployment, nodeId));
}
