import { type Address, encodeFunctionData } from "viem";
import { erc20Abi } from "../abi/erc20.ts";
import type { Context, ReadContext } from "./context.ts";
import { type Call, send } from "./send.ts";

/** Who lets whom take `amount` token units. */
export type Approval = {
  readonly owner: Address;
  readonly token: Address;
  readonly spender: Address;
  readonly amount: bigint;
};

/** The call that lets the spender take that much, or none if it may already. */
export async function approvalCalls(
  { publicClient }: Pick<ReadContext, "publicClient">,
  { owner, token, spender, amount }: Approval,
): Promise<readonly Call[]> {
  const args = [owner, spender] as const;
  const allowance = await publicClient.readContract({ address: token, abi: erc20Abi, functionName: "allowance", args });
  if (allowance >= amount) return [];
  const data = encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [spender, amount] });
  return [{ action: "Cannot approve", to: token, data }];
}

/** Lets `spender` take `amount` token units, unless it may already. */
export async function approve(context: Context, token: Address, spender: Address, amount: bigint): Promise<void> {
  const owner = context.walletClient.account.address;
  for (const call of await approvalCalls(context, { owner, token, spender, amount })) await send(context, call);
}
