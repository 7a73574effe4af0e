/** Snapshots of pools: published again before they are too old, and when the pool has changed. */
import { encodeFunctionData } from "viem";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import type { PoolFacts } from "../chain/registry.ts";
import type { Tally } from "../job.ts";
import { submitOnce } from "../runtime/submit-once.ts";
import { needsSnapshot } from "./plan.ts";
import type { JanitorDeps } from "./deps.ts";

/** An empty or refused pool is tried again after so long. */
const refusedRetryMs = 60_000;
/** Not mined within so long: looked at afresh, seconds. */
const patienceS = 600n;

/** Tasks that this keeper publishes snapshots for. */
export const tasksOf = async ({ chain, settings, nodeId }: JanitorDeps): Promise<readonly bigint[]> => {
  if (typeof settings.tasks !== "string") return settings.tasks;
  if (settings.tasks === "all") return (await chain.tasks()).map(({ taskId }) => taskId);
  const own = await nodeId();
  return own === undefined ? [] : chain.tasksOfNode(own);
};

/** One key per snapshot that is replaced: two keepers, or two passes, publish once. */
const publish = async ({ instance, transactions }: JanitorDeps, pool: PoolFacts, nowS: bigint): Promise<boolean> => {
  const subject = `task:${pool.taskId}:after:${pool.snapshot?.snapshotId ?? 0n}`;
  const key = { contract: instance.taskRegistry, subject, action: "publishSnapshot" };
  const data = encodeFunctionData({
    abi: taskRegistryAbi,
    functionName: "publishSnapshot",
    args: [Number(pool.taskId)],
  });
  const deadlineS = Number(nowS + patienceS);
  return submitOnce(transactions, { ...key, data, deadlineS, retryAfterMs: refusedRetryMs });
};

/** Publishes what is due. */
export const tidySnapshots = async (
  deps: JanitorDeps,
  { nowS }: { readonly nowS: bigint },
  tally: Tally,
  signal: AbortSignal,
): Promise<void> => {
  const { chain, settings } = deps;
  const agePerMille = BigInt(Math.round(settings.snapshotAgeFraction * 1_000));
  const rules = { agePerMille, minIntervalS: BigInt(settings.snapshotMinIntervalS), nowS };
  for (const taskId of await tasksOf(deps)) {
    if (signal.aborted) return;
    const what = { job: "janitor", subject: `task:${taskId}`, action: "publishSnapshot" };
    const isSubmitted = await tally.attempt(what, async () => {
      const task = await chain.task(taskId);
      if (task === undefined || task.deprecated) return false;
      const pool = await chain.pool(taskId, nowS);
      return needsSnapshot(pool, rules) ? publish(deps, pool, nowS) : false;
    });
    if (isSubmitted === true) tally.done();
  }
};
