/** What commands read of nodes and tasks. */
import { type Address, hexToString, type Hex } from "viem";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { snapshotAddress } from "../../sdk/committee/snapshot-address.ts";
import { decodeSnapshot, type Member } from "../../sdk/committee/snapshot.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { decodeTaskWord, type TaskWordFields } from "../../sdk/words/task-word.ts";
import { UsageError } from "../commands/usage-error.ts";
import { readBlock } from "../runtime/rpc-answers.ts";
import type { Session } from "./session.ts";

/** A node. `jailedUntilS` is 0 if it is not jailed; `earnings` are not claimed yet, in units of the payment token. */
export type NodeFacts = {
  readonly nodeId: bigint;
  readonly owner: Address;
  readonly signer: Address;
  readonly endpoint: string;
  readonly reputation: bigint;
  readonly earnings: bigint;
  readonly jailedUntilS: bigint;
};

export type TaskFacts = {
  readonly taskId: bigint;
  readonly kind: string;
  readonly publisher: Address;
  readonly artifactUri: string;
  readonly artifactDigest: Hex;
  readonly runtimeDigest: Hex;
  readonly workloadId: Hex;
  readonly unitSize: bigint;
  readonly stakePerNode: bigint;
  readonly royaltyBps: number;
  readonly askExponent: number;
  readonly minReputation: number;
  readonly windowS: number;
  readonly maxOutputBytes: number;
  /** Active subscriptions. */
  readonly poolSize: bigint;
  /** The latest snapshot; undefined if none was published, or the task is deprecated. */
  readonly snapshot: TaskWordFields | undefined;
};

export const escrowOf = ({ instance }: Pick<Session, "instance">) =>
  ({ address: instance.escrow, abi: requestEscrowAbi }) as const;
export const nodesOf = ({ instance }: Session) => ({ address: instance.nodeRegistry, abi: nodeRegistryAbi }) as const;
export const tasksOf = ({ instance }: Session) => ({ address: instance.taskRegistry, abi: taskRegistryAbi }) as const;

/** Time of the newest block, Unix seconds. */
export const chainNowS = async ({ rpc }: Session): Promise<bigint> =>
  (await readBlock(rpc, "latest"))?.timestampS ?? 0n;

/** Throws UsageError if there is no such node. */
export const readNode = async (session: Session, nodeId: bigint): Promise<NodeFacts> => {
  const { publicClient } = session.context;
  const args = [Number(nodeId)] as const;
  const count = await publicClient.readContract({ ...nodesOf(session), functionName: "nodeCount" });
  if (nodeId > count) throw new UsageError(`There is no node ${nodeId}: ${count} are registered.`);
  const [node, word, jailedUntilS] = await Promise.all([
    publicClient.readContract({ ...nodesOf(session), functionName: "nodeOf", args }),
    publicClient.readContract({ ...escrowOf(session), functionName: "nodeWord", args }),
    publicClient.readContract({ ...nodesOf(session), functionName: "jailedUntil", args }),
  ]);
  const { reputation, earnings } = decodeNodeWord(word);
  const { owner, signer, endpoint } = node;
  return { nodeId, owner, signer, endpoint, reputation, earnings, jailedUntilS };
};

/** Throws UsageError if there is no such task. */
export const readTask = async (session: Session, taskId: bigint): Promise<TaskFacts> => {
  const { publicClient } = session.context;
  const args = [Number(taskId)] as const;
  const count = await publicClient.readContract({ ...tasksOf(session), functionName: "taskCount" });
  if (taskId > count) throw new UsageError(`There is no task ${taskId}: ${count} are registered.`);
  const [task, artifactUri, publisher, poolSize, word] = await Promise.all([
    publicClient.readContract({ ...tasksOf(session), functionName: "taskOf", args }),
    publicClient.readContract({ ...tasksOf(session), functionName: "artifactUriOf", args }),
    publicClient.readContract({ ...tasksOf(session), functionName: "publisherOf", args }),
    publicClient.readContract({ ...tasksOf(session), functionName: "poolSize", args }),
    publicClient.readContract({ ...escrowOf(session), functionName: "taskWord", args }),
  ]);
  const { kind, royalty, window, maxOutput, ...same } = task;
  return {
    ...same,
    taskId,
    kind: hexToString(kind, { size: 32 }),
    publisher,
    artifactUri,
    royaltyBps: royalty,
    windowS: window,
    maxOutputBytes: maxOutput,
    poolSize,
    snapshot: word === 0n ? undefined : decodeTaskWord(word),
  };
};

/** The entries of a task's latest snapshot. Throws UsageError if there is none that requests can name now. */
export const readPool = async (session: Session, { taskId, snapshot }: TaskFacts): Promise<readonly Member[]> => {
  const isFresh = snapshot !== undefined && snapshot.publishedAtS + snapshot.freshForS >= (await chainNowS(session));
  if (!isFresh)
    throw new UsageError(
      `Task ${taskId} has no snapshot that is young enough: run \`atoma task snapshot ${taskId}\` first, unless the task is deprecated.`,
    );
  const address = snapshotAddress(session.instance.taskRegistry, snapshot.id);
  return decodeSnapshot((await session.context.publicClient.getCode({ address })) ?? "0x").entries;
};

/** Stake of a node in a task; amounts in units of ATOMA. */
export type TaskStake = {
  readonly taskId: bigint;
  readonly subscribed: boolean;
  readonly active: boolean;
  readonly ask: bigint;
  readonly askExponent: number;
  readonly allocated: bigint;
  readonly unbonding: bigint;
  readonly releaseAtS: bigint;
  readonly frozenUntilS: bigint;
};

/** Tasks that are looked through. */
const maxTasks = 500n;

/** The tasks among the first 500 in which the node has a subscription or stake. */
export const readStakes = async (session: Session, nodeId: bigint): Promise<readonly TaskStake[]> => {
  const count = await session.context.publicClient.readContract({ ...tasksOf(session), functionName: "taskCount" });
  const stakes: TaskStake[] = [];
  for (let taskId = 1n; taskId <= (count < maxTasks ? count : maxTasks); taskId++) {
    const stake = await readStake(session, nodeId, taskId);
    if (stake.subscribed || stake.allocated > 0n || stake.unbonding > 0n) stakes.push(stake);
  }
  return stakes;
};

const readStake = async (session: Session, nodeId: bigint, taskId: bigint): Promise<TaskStake> => {
  const { publicClient } = session.context;
  const ofTask = [Number(taskId), Number(nodeId)] as const;
  const args = [Number(nodeId), Number(taskId)] as const;
  const [[subscribed, active, ask], allocated, [unbonding, releaseAtS], frozenUntilS, { askExponent }] =
    await Promise.all([
      publicClient.readContract({ ...tasksOf(session), functionName: "subscriptionOf", args: ofTask }),
      publicClient.readContract({ ...nodesOf(session), functionName: "allocatedStake", args }),
      publicClient.readContract({ ...nodesOf(session), functionName: "unbondingStake", args }),
      publicClient.readContract({ ...nodesOf(session), functionName: "frozenUntil", args }),
      publicClient.readContract({ ...tasksOf(session), functionName: "taskOf", args: [Number(taskId)] }),
    ]);
  const amounts = { allocated, unbonding, releaseAtS, frozenUntilS };
  return { taskId, subscribed, active, ask: BigInt(ask), askExponent, ...amounts };
};
