import { encodeFunctionData, type TransactionReceipt } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** The call of `claimEarnings`. */
export function claimEarningsCall({ escrow }: Pick<Deployment, "escrow">, nodeId: bigint): Call {
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "claimEarnings", args: [Number(nodeId)] });
  return { action: "Cannot claim", to: escrow, data };
}

/** First step: sets a node's earnings aside for one dispute window. By its owner or signer. */
export async function claimEarnings(context: Context, nodeId: bigint): Promise<TransactionReceipt> {
  return send(context, claimEarningsCall(context.deployment, nodeId));
}
