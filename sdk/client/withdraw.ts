import { type Address, encodeFunctionData, type TransactionReceipt } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** `amount` in units of the payment token; `to` is the wallet's account by default. */
export type WithdrawInput = { readonly amount: bigint; readonly to?: Address };

/** Moves payment tokens out of the free balance of the wallet's account in the escrow. */
export async function withdraw(context: Context, { amount, to }: WithdrawInput): Promise<TransactionReceipt> {
  const { deployment, walletClient } = context;
  const args = [to ?? walletClient.account.address, amount] as const;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "withdraw", args });
  return send(context, { action: "Cannot withdraw", to: deployment.escrow, data });
}
