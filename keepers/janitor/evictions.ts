/**
 * Nodes whose signatures count for nothing leave the pools: in jail, beside the task that they were jailed over; without the
 * evidence that the task demands.
 */
import { encodeFunctionData, zeroHash } from "viem";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import type { Subscriber } from "../chain/registry.ts";
import type { Tally } from "../job.ts";
import { submitOnce } from "../runtime/submit-once.ts";
import type { JanitorDeps } from "./deps.ts";
import { evidenceGraceS, withoutEvidence } from "./plan.ts";
import { tasksOf } from "./snapshots.ts";

/** Not mined within so long: looked at afresh, seconds. */
const patienceS = 600n;
const refusedRetryMs = 60_000;

const evict = async (
  { instance, transactions, log }: JanitorDeps,
  taskId: bigint,
  { nodeId, height }: Pick<Subscriber, "nodeId" | "height">,
  why: "jailed" | "evidence",
  nowS: bigint,
): Promise<boolean> => {
  const subject = `task:${taskId}:node:${nodeId}:${why}:${height}`;
  const key = { contract: instance.taskRegistry, subject, action: "evict" };
  const args = [Number(taskId), Number(nodeId)] as const;
  const data = encodeFunctionData({ abi: taskRegistryAbi, functionName: "evict", args });
  const deadlineS = Number(nowS + patienceS);
  const isSent = await submitOnce(transactions, { ...key, data, deadlineS, retryAfterMs: refusedRetryMs });
  if (isSent) log.info({ taskId, nodeId, why }, "a node is taken out of a pool");
  return isSent;
};

/** Subscribers of a task that names a workload to which their keys are not bound. */
const readWithoutEvidence = async ({ chain, evidence }: JanitorDeps, taskId: bigint, nowS: bigint) => {
  const workloadId = await evidence.workloadIdOf(taskId);
  if (workloadId === zeroHash) return [];
  const bound = await chain.boundKeys(Number(nowS - evidenceGraceS));
  return withoutEvidence(await chain.subscribers(taskId), workloadId, { bound, nowS });
};

/** Takes nodes in jail, and those without evidence that their task demands, out of the pools that this keeper publishes snapshots of. */
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
        tally.done(Number(await evict(deps, taskId, one, "jailed", nowS)));
      for (const one of await readWithoutEvidence(deps, taskId, nowS))
        tally.done(Number(await evict(deps, taskId, one, "evidence", nowS)));
    });
  }
};
