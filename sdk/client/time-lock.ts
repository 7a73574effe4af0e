import { encodeFunctionData, type TransactionReceipt } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/**
 * `purse` below 2^33, 0 unless given; `amount` in units of the payment token; `unlockAtS` in Unix seconds, not before an
 * existing lock, at most 365 days ahead.
 */
export type TimeLockInput = { readonly purse?: bigint; readonly amount: bigint; readonly unlockAtS: bigint };

/** The purse that pays for a signed request with this nonce: each takes 128 of them. */
export function purseOf(nonce: bigint): bigint {
  return nonce >> 7n;
}

/** Moves free balance of the wallet's account into a purse under a time lock, which pays for its signed requests. */
export async function timeLock(context: Context, input: TimeLockInput): Promise<TransactionReceipt> {
  const { purse = 0n, amount, unlockAtS } = input;
  const data = encodeFunctionData({
    abi: requestEscrowAbi,
    functionName: "timeLock",
    args: [purse, amount, unlockAtS],
  });
  return send(context, { action: "Cannot lock", to: context.deployment.escrow, data });
}
