/** Nodes in jail: out of the pools of the tasks beside the one that they were jailed over. Signatures of theirs count for nothing. */
import { encodeFunctionData } from "viem";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import type { JailedSubscriber } from "../chain/registry.ts";
import type { Tally } from "../job.ts";
import type { JanitorDeps } from "./deps.ts";
import { tasksOf } from "./snapshots.ts";

/** Not mined within so long: looked at afresh, seconds. */
const patienceS = 600n;
const refusedRetryMs = 60_000;

const evict = async (
  { instance, transactions, log }: JanitorDeps,
  taskId: bigint,
  { nodeId, height }: JailedSubscriber,
  nowS: bigint,
): Promise<boolean> => {
  const subject = `task:${taskId}:node:${nodeId}:jailed:${height}`;
  const key = { contract: instance.taskRegistry, subject, action: "evict" };
  const kind = (await transactions.find(key))?.status.kind;
  if (kind === "pending" || kind === "refused" || kind === "mined") return false;
  const args = [Number(taskId), Number(nodeId)] as const;
  const data = encodeFunctionData({ abi: taskRegistryAbi, functionName: "evict", args });
  const deadlineS = Number(nowS + patienceS);
  await transactions.submit({ ...key, data, deadlineS, retryAfterMs: refusedRetryMs }, { again: true });
  log.info({ taskId, nodeId }, "a node in jail is taken out of a pool");
  return true;
};

/** Takes jailed nodes out of the pools that this keeper publishes snapshots of. */
export const tidyPools = async (
  deps: JanitorDeps,
  { nowS }: { readonly nowS: bigint },
  tally: Tally,
  signal: AbortSignal,
): Promise<void> => {
  for (const taskId of await tasksOf(deps)) {
    if (signal.aborted) return;
    const what = { job: "janitor", subject: `task:${taskId}`, action: "evict" };
    await tally.attempt(what, async () => {
      for (const one of await deps.chain.jailedSubscribers(taskId))
        tally.done(Number(await evict(deps, taskId, one, nowS)));
    });
  }
};
