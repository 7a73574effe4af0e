import { encodeFunctionData, parseEventLogs } from "viem";
import { taskRegistryAbi } from "../abi/task-registry.ts";
import { InvalidValueError } from "../errors/invalid-value.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** Publishes a task's pool as its latest snapshot. Anyone may. Returns the snapshot's id. */
export async function publishSnapshot(context: Context, taskId: bigint): Promise<bigint> {
  const data = encodeFunctionData({ abi: taskRegistryAbi, functionName: "publishSnapshot", args: [Number(taskId)] });
  const { logs } = await send(context, {
    action: "Cannot publish a snapshot",
    to: context.deployment.taskRegistry,
    data,
  });
  const [published] = parseEventLogs({ abi: taskRegistryAbi, logs, eventName: "SnapshotPublished" });
  if (published === undefined) throw new InvalidValueError("taskRegistry", "it published no snapshot.");
  return published.args.snapshotId;
}
