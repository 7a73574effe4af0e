import { type Address, encodeFunctionData, type TransactionReceipt } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { approve } from "./approve.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** `amount` in units of the payment token; `account` is the wallet's own by default. */
export type DepositInput = { readonly amount: bigint; readonly account?: Address };

/** Moves payment tokens of the wallet into an account of the escrow, and approves them first where that is needed. */
export async function deposit(context: Context, { amount, account }: DepositInput): Promise<TransactionReceipt> {
  const { deployment, walletClient } = context;
  await approve(context, deployment.token, deployment.escrow, amount);
  const args = [account ?? walletClient.account.address, amount] as const;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "deposit", args });
  return send(context, { action: "Cannot deposit", to: deployment.escrow, data });
}
