import { encodeFunctionData, type TransactionReceipt } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** First step: sets a node's earnings aside for one dispute window. By its owner or signer. */
export async function claimEarnings(context: Context, nodeId: bigint): Promise<TransactionReceipt> {
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "claimEarnings", args: [Number(nodeId)] });
  return send(context, { action: "Cannot claim", to: context.deployment.escrow, data });
}
