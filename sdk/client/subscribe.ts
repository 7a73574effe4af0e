import { encodeFunctionData, type TransactionReceipt } from "viem";
import { taskRegistryAbi } from "../abi/task-registry.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** `ask` is the price per unit, in multiples of 10^askExponent token units, at least 1. */
export type SubscribeInput = { readonly taskId: bigint; readonly nodeId: bigint; readonly ask: bigint };

/** The call of `subscribe`. */
export function subscribeCall(
  { taskRegistry }: Pick<Deployment, "taskRegistry">,
  { taskId, nodeId, ask }: SubscribeInput,
): Call {
  const args = [Number(taskId), Number(nodeId), Number(ask)] as const;
  const data = encodeFunctionData({ abi: taskRegistryAbi, functionName: "subscribe", args });
  return { action: "Cannot subscribe", to: taskRegistry, data };
}

/** Promises to serve a task with a node of the wallet's account, and locks the task's stake per node. */
export async function subscribe(context: Context, input: SubscribeInput): Promise<TransactionReceipt> {
  return send(context, subscribeCall(context.deployment, input));
}
