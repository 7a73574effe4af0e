import { type Address, encodeFunctionData, type Hex, type TransactionReceipt, zeroAddress } from "viem";
import { disputesAbi } from "../abi/disputes.ts";
import type { RequestWords } from "../words/request.ts";
import type { Context } from "./context.ts";
import { type Call, send } from "./send.ts";

/** A recorded or settled result that is held to be wrong. `settler` is who recorded it; none if it is settled. */
export type OpenDisputeInput = {
  readonly words: RequestWords;
  readonly digest: Hex;
  readonly head: bigint;
  readonly settler?: Address;
};

/** The call of `openDisputeByBond`; `disputes` is the contract that judges the instance's requests. */
export function openDisputeByBondCall(
  disputes: Address,
  { words, digest, head, settler = zeroAddress }: OpenDisputeInput,
): Call {
  const args = [words, { digest, head, settler }] as const;
  const data = encodeFunctionData({ abi: disputesAbi, functionName: "openByBond", args });
  return { action: "Cannot open the dispute", to: disputes, data };
}

/** Has a result judged by a panel. Takes the bond from the wallet's account in the escrow; it is lost if the result stands. */
export async function openDisputeByBond(
  context: Context,
  disputes: Address,
  input: OpenDisputeInput,
): Promise<TransactionReceipt> {
  return send(context, openDisputeByBondCall(disputes, input));
}
