/** The attest job's pass: keeps this node's keys bound to the workloads of the tasks that it serves. */
import { encodeFunctionData, type Hex, zeroHash } from "viem";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import { type JobDeps, makeTally, nowSeconds } from "../job.ts";
import type { Pass } from "../runtime/loop.ts";
import { isUnderWay } from "../runtime/submit-once.ts";
import { attestArgs, type NodeKeys } from "./evidence.ts";
import { intentOfNeed } from "../attestation/intents.ts";
import { type Look, lookAt, type LookDeps } from "./look.ts";
import { repeated, type StepReport } from "../attestation/repeat.ts";
import { submitNeeded } from "../attestation/submit.ts";

export type AttestDeps = Pick<JobDeps, "transactions" | "clock" | "log" | "instance"> &
  Omit<LookDeps, "instance"> & {
    readonly view: JobDeps["chain"];
    readonly nodeId: JobDeps["nodeId"];
    /** The node to attest for, where the key is not its signer yet. */
    readonly intendedNodeId: bigint | undefined;
    readonly hpkeKey: Hex;
    readonly runtimeHash: Hex;
    /** Workloads to serve besides those of tasks that the node subscribes to. */
    readonly workloads: readonly Hex[];
  };

const job = "attest";
/** A quote that is not mined within so long is made anew, seconds. */
const patienceS = 600n;

/** The node that the key serves, or will serve, with the keys that it binds; undefined while there is none. */
export const readNode = async (deps: AttestDeps): Promise<NodeKeys | undefined> => {
  const { view, signer, hpkeKey, runtimeHash } = deps;
  const nodeId = deps.intendedNodeId ?? (await deps.nodeId());
  const node = nodeId === undefined ? undefined : await view.node(nodeId);
  if (nodeId === undefined || node === undefined) return undefined;
  return { nodeId, owner: node.owner, signer: signer.address, hpkeKey, runtimeHash };
};

/** Workloads that the node's keys have to be bound to. */
export const readWorkloads = async (
  { view, chain, workloads }: AttestDeps,
  nodeId: bigint,
): Promise<readonly Hex[]> => {
  const tasks = await view.tasksOfNode(nodeId);
  const ids = await Promise.all(tasks.map((taskId) => chain.workloadIdOf(taskId)));
  return [...new Set([...workloads, ...ids])].filter((id) => id !== zeroHash);
};

/** What `advance` did: sent something, waits for something, or there was nothing to do. */
export type Advance = "sent" | "waiting" | "nothing";

/** Sends the next of what a workload needs. Throws for what the registry refuses. */
export const advance = async (deps: AttestDeps, look: Look, nowS: bigint): Promise<Advance> => {
  if (look.kind === "live" || (look.kind === "due" && !look.isDue)) return "nothing";
  if (look.kind === "refused") throw new Error(look.why);
  const { transactions, instance } = deps;
  const deadlineS = Number(nowS + patienceS);
  const { workloadId, binding, evidence, next } = look;
  const seen = evidence.challengeBlock;
  const sent: boolean[] = [];
  for (const need of next)
    sent.push(await submitNeeded(deps, { ...intentOfNeed(instance, need), deadlineS }, { what: need.what, seen }));
  if (next.length > 0) return sent.includes(true) ? "sent" : "waiting";
  const subject = `workload:${workloadId}:signer:${evidence.keys.signer}:after:${binding.challengeBlock}`;
  const key = { contract: instance.teeRegistry, subject, action: "attest" };
  if (isUnderWay((await transactions.find(key))?.status)) return "waiting";
  const args = await attestArgs(deps, workloadId, evidence);
  const data = encodeFunctionData({ abi: teeRegistryAbi, functionName: "attest", args });
  const isSent = await submitNeeded(deps, { ...key, data, deadlineS }, { what: "Bind the node's keys", seen });
  return isSent ? "sent" : "waiting";
};

const pass = async (deps: AttestDeps, signal: AbortSignal): Promise<StepReport> => {
  const { log, signer, view, clock } = deps;
  const tally = makeTally(log);
  const node = await readNode(deps);
  if (node === undefined) {
    log.warn({ signer: signer.address }, "the signer serves no node: register one with it, or set attest.nodeId");
    return { done: 0, failed: 1, isWaiting: false };
  }
  let isWaiting = false;
  for (const workloadId of await readWorkloads(deps, node.nodeId)) {
    if (signal.aborted) break;
    const what = { job, subject: `workload:${workloadId}`, action: "attest" };
    const nowS = await nowSeconds({ chain: view, clock });
    const done = await tally.attempt(what, async () => {
      const bound = await view.boundKey(workloadId, node.signer);
      const look = await lookAt(deps, { workloadId, node, bound, nowS: Number(nowS) }, signal);
      return advance(deps, look, nowS);
    });
    if (done === "sent") tally.done();
    isWaiting ||= done === "sent" || done === "waiting";
  }
  return { ...tally.report(), isWaiting };
};

export type AttestJob = {
  /** Sends what can be sent now. */
  readonly pass: Pass;
  /** Until every workload is bound, something failed, or the time is up. */
  readonly passUntilBound: Pass;
};

/** Makes the job. `waitMs` bounds `passUntilBound`. */
export const makeAttestJob = (deps: AttestDeps, { waitMs }: { readonly waitMs: number }): AttestJob => ({
  pass: async (signal) => {
    const { done, failed } = await pass(deps, signal);
    return { done, failed };
  },
  passUntilBound: repeated(deps, (signal) => pass(deps, signal), waitMs),
});
