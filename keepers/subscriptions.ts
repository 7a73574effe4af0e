/** The tasks that a node subscribes to, asked of the contract: for those who have no chain view. */
import { taskRegistryAbi } from "../sdk/abi/task-registry.ts";
import type { Instance } from "./chain/instance.ts";
import type { Rpc } from "./runtime/rpc-endpoint.ts";
import { makePublicClient } from "./runtime/viem-client.ts";

/** `isActive`: not only from the next snapshot on. */
export type Subscription = { readonly taskId: number; readonly isActive: boolean };

/** Tasks that are looked through. */
const maxTasks = 200;

/** Subscriptions among the first tasks, and how many tasks there are. */
export const readSubscriptions = async (
  rpc: Rpc,
  instance: Pick<Instance, "chainId" | "taskRegistry">,
  nodeId: number,
): Promise<{ readonly taskCount: number; readonly subscriptions: readonly Subscription[] }> => {
  const client = makePublicClient(rpc, instance.chainId);
  const registry = { address: instance.taskRegistry, abi: taskRegistryAbi } as const;
  const taskCount = Number(await client.readContract({ ...registry, functionName: "taskCount" }));
  const subscriptions: Subscription[] = [];
  for (let taskId = 1; taskId <= Math.min(taskCount, maxTasks); taskId++) {
    const args = [taskId, nodeId] as const;
    const [isSubscribed, isActive] = await client.readContract({ ...registry, functionName: "subscriptionOf", args });
    if (isSubscribed) subscriptions.push({ taskId, isActive });
  }
  return { taskCount, subscriptions };
};
