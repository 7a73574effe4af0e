import { encodeFunctionData, type TransactionReceipt } from "viem";
import { taskRegistryAbi } from "../abi/task-registry.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** `ask` is the price per unit, in multiples of 10^askExponent token units, at least 1. */
export type SubscribeInput = { readonly taskId: bigint; readonly nodeId: bigint; readonly ask: bigint };

/** Promises to serve a task with a node of the wallet's account, and locks the task's stake per node. */
export async function subscribe(
  context: Context,
  { taskId, nodeId, ask }: SubscribeInput,
): Promise<TransactionReceipt> {
  const args = [Number(taskId), Number(nodeId), Number(ask)] as const;
  const data = encodeFunctionData({ abi: taskRegistryAbi, functionName: "subscribe", args });
  return send(context, { action: "Cannot subscribe", to: context.deployment.taskRegistry, data });
}
