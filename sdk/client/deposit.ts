import { type Address, encodeFunctionData, type TransactionReceipt } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { approve } from "./approve.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** `amount` in units of the payment token; `account` is the wallet's own by default. */
export type DepositInput = { readonly amount: bigint; readonly account?: Address };

/** The call of `deposit`, which needs an allowance. */
export function depositCall({ escrow }: Pick<Deployment, "escrow">, { amount, account }: Required<DepositInput>): Call {
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "deposit", args: [account, amount] });
  return { action: "Cannot deposit", to: escrow, data };
}

/** Moves payment tokens of the wallet into an account of the escrow, and approves them first where that is needed. */
export async function deposit(context: Context, { amount, account }: DepositInput): Promise<TransactionReceipt> {
  const { deployment, walletClient } = context;
  await approve(context, deployment.token, deployment.escrow, amount);
  return send(context, depositCall(deployment, { amount, account: account ?? walletClient.account.address }));
}
