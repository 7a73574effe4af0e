import { encodeFunctionData, type TransactionReceipt } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** Second step, by anyone, once the dispute window is over: moves a claim to the account of the node's owner. */
export async function withdrawEarnings(context: Context, nodeId: bigint): Promise<TransactionReceipt> {
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "withdrawEarnings", args: [Number(nodeId)] });
  return send(context, { action: "Cannot withdraw earnings", to: context.deployment.escrow, data });
}
