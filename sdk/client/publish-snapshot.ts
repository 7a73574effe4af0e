import { encodeFunctionData, parseEventLogs } from "viem";
import { taskRegistryAbi } from "../abi/task-registry.ts";
import { InvalidValueError } from "../errors/invalid-value.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** The call of `publishSnapshot`. */
export function publishSnapshotCall({ taskRegistry }: Pick<Deployment, "taskRegistry">, taskId: bigint): Call {
  const data = encodeFunctionData({ abi: taskRegistryAbi, functionName: "publishSnapshot", args: [Number(taskId)] });
  return { action: "Cannot publish a snapshot", to: taskRegistry, data };
}

/** Publishes a task's pool as its latest snapshot. Anyone may. Returns the snapshot's id. */
export async function publishSnapshot(context: Context, taskId: bigint): Promise<bigint> {
  const { logs } = await send(context, publishSnapshotCall(context.deployment, taskId));
  const [published] = parseEventLogs({ abi: taskRegistryAbi, logs, eventName: "SnapshotPublished" });
  if (published === undefined) throw new InvalidValueError("taskRegistry", "it published no snapshot.");
  return published.args.snapshotId;
}
