import { encodeFunctionData, parseEventLogs } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { InvalidValueError } from "../errors/invalid-value.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/**
 * Moves a task's royalties to its publisher's account in the escrow, and its fees to the treasury's. Anyone may. Returns the
 * royalty in units of the payment token.
 */
export async function collectFees(context: Context, taskId: bigint): Promise<bigint> {
  const { escrow } = context.deployment;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "collect", args: [Number(taskId)] });
  const { logs } = await send(context, { action: "Cannot collect the fees", to: escrow, data });
  const [collected] = parseEventLogs({ abi: requestEscrowAbi, logs, eventName: "FeesCollected" });
  if (collected === undefined) throw new InvalidValueError("escrow", "it collected no fees.");
  return collected.args.royalty;
}
