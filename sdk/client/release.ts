import { type Address, encodeFunctionData, parseEventLogs } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** `requester` is the wallet's account by default. */
export type ReleaseInput = { readonly slots: readonly bigint[]; readonly requester?: Address };

/** Moves what is left in slots of ended requests to their requester's account. Returns the amount, in token units. */
export async function release(context: Context, { slots, requester }: ReleaseInput): Promise<bigint> {
  const args = [requester ?? context.walletClient.account.address, slots.map(Number)] as const;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "release", args });
  const { logs } = await send(context, { action: "Cannot release", to: context.deployment.escrow, data });
  const released = parseEventLogs({ abi: requestEscrowAbi, logs, eventName: "SlotReleased" });
  return released.reduce((total, { args: { amount } }) => total + amount, 0n);
}
