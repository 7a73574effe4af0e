import { encodeFunctionData, parseEventLogs } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { InvalidValueError } from "../errors/invalid-value.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** The call of `collectFees`. */
export function collectFeesCall({ escrow }: Pick<Deployment, "escrow">, taskId: bigint): Call {
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "collect", args: [Number(taskId)] });
  return { action: "Cannot collect the fees", to: escrow, data };
}

/**
 * Moves a task's royalties to its publisher's account in the escrow, and its fees to the treasury's. Anyone may. Returns the
 * royalty in units of the payment token.
 */
export async function collectFees(context: Context, taskId: bigint): Promise<bigint> {
  const { logs } = await send(context, collectFeesCall(context.deployment, taskId));
  const [collected] = parseEventLogs({ abi: requestEscrowAbi, logs, eventName: "FeesCollected" });
  if (collected === undefined) throw new InvalidValueError("escrow", "it collected no fees.");
  return collected.args.royalty;
}
