import { encodeFunctionData, type TransactionReceipt } from "viem";
import { taskRegistryAbi } from "../abi/task-registry.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";
import type { SubscribeInput } from "./subscribe.ts";

/** The call of `updateAsk`. */
export function updateAskCall(
  { taskRegistry }: Pick<Deployment, "taskRegistry">,
  { taskId, nodeId, ask }: SubscribeInput,
): Call {
  const args = [Number(taskId), Number(nodeId), Number(ask)] as const;
  const data = encodeFunctionData({ abi: taskRegistryAbi, functionName: "updateAsk", args });
  return { action: "Cannot change the ask", to: taskRegistry, data };
}

/** Changes the price of a subscription from the next snapshot on. By the owner. */
export async function updateAsk(context: Context, input: SubscribeInput): Promise<TransactionReceipt> {
  return send(context, updateAskCall(context.deployment, input));
}
