import { type Address, encodeFunctionData, type TransactionReceipt } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** `amount` in units of the payment token; `to` is the wallet's account by default. */
export type WithdrawInput = { readonly amount: bigint; readonly to?: Address };

/** The call of `withdraw`. */
export function withdrawCall({ escrow }: Pick<Deployment, "escrow">, { amount, to }: Required<WithdrawInput>): Call {
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "withdraw", args: [to, amount] });
  return { action: "Cannot withdraw", to: escrow, data };
}

/** Moves payment tokens out of the free balance of the wallet's account in the escrow. */
export async function withdraw(context: Context, { amount, to }: WithdrawInput): Promise<TransactionReceipt> {
  const { deployment, walletClient } = context;
  return send(context, withdrawCall(deployment, { amount, to: to ?? walletClient.account.address }));
}
