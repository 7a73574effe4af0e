import { encodeFunctionData, type Hex } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Settlement } from "../agreement/settlement.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";
import type { RoundSignature } from "./settle.ts";

/** `signature` is the requester's, 64 bytes; `rounds` are those that are not posted yet. */
export type SettleSignedInput = {
  readonly settlement: Settlement;
  readonly signature: Hex;
  readonly rounds?: readonly RoundSignature[];
};

/** Settles a signed request, which is paid from its requester's time-locked balance. Returns the transaction's hash. */
export async function settleSigned(
  context: Context,
  { settlement, signature, rounds = [] }: SettleSignedInput,
): Promise<Hex> {
  const args = [settlement, signature, rounds] as const;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "settleSigned", args });
  const action = "Cannot settle the signed request";
  return (await send(context, { action, to: context.deployment.escrow, data })).transactionHash;
}
