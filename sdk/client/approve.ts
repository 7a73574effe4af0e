import { type Address, encodeFunctionData } from "viem";
import { erc20Abi } from "../abi/erc20.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** Lets `spender` take `amount` token units, unless it may already. */
export async function approve(context: Context, token: Address, spender: Address, amount: bigint): Promise<void> {
  const { publicClient, walletClient } = context;
  const allowance = await publicClient.readContract({
    address: token,
    abi: erc20Abi,
    functionName: "allowance",
    args: [walletClient.account.address, spender],
  });
  if (allowance >= amount) return;
  const data = encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [spender, amount] });
  await send(context, { action: "Cannot approve", to: token, data });
}
