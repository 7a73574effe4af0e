import { encodeFunctionData, type TransactionReceipt } from "viem";
import { taskRegistryAbi } from "../abi/task-registry.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** Which task. */
export type DeprecateTaskInput = { readonly taskId: bigint };

/** The call of `deprecateTask`. */
export function deprecateTaskCall(
  { taskRegistry }: Pick<Deployment, "taskRegistry">,
  { taskId }: DeprecateTaskInput,
): Call {
  const args = [Number(taskId)] as const;
  const data = encodeFunctionData({ abi: taskRegistryAbi, functionName: "deprecate", args });
  return { action: "Cannot deprecate the task", to: taskRegistry, data };
}

/** Stops new requests of a task for good; open ones finish. By its publisher. */
export async function deprecateTask(context: Context, input: DeprecateTaskInput): Promise<TransactionReceipt> {
  return send(context, deprecateTaskCall(context.deployment, input));
}
