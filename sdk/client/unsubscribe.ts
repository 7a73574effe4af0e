import { encodeFunctionData, type TransactionReceipt } from "viem";
import { taskRegistryAbi } from "../abi/task-registry.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** Which subscription ends. */
export type UnsubscribeInput = { readonly taskId: bigint; readonly nodeId: bigint };

/** The call of `unsubscribe`. */
export function unsubscribeCall(
  { taskRegistry }: Pick<Deployment, "taskRegistry">,
  { taskId, nodeId }: UnsubscribeInput,
): Call {
  const args = [Number(taskId), Number(nodeId)] as const;
  const data = encodeFunctionData({ abi: taskRegistryAbi, functionName: "unsubscribe", args });
  return { action: "Cannot unsubscribe", to: taskRegistry, data };
}

/** Takes a subscription back from the next snapshot on, and starts the unbonding of its stake. By the owner. */
export async function unsubscribe(context: Context, input: UnsubscribeInput): Promise<TransactionReceipt> {
  return send(context, unsubscribeCall(context.deployment, input));
}
