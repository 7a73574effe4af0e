/** Nodes and tasks in the chain view's tables. */
import { type Address, getAddress, zeroAddress } from "viem";
import { decodeTaskWord } from "../../sdk/words/task-word.ts";
import { bigintOf, numberOf, type Row, textOf, type Tx } from "../runtime/store.ts";
import type { ChainNode, ChainTask } from "./view.ts";

type Facts = ReadonlyMap<string, string>;

const maxTasks = 100_000;
const newestFirst = "ORDER BY height DESC, log_index DESC";

/** The newest value of each field of one key; empty for an unknown key. */
const factsOf = async (tx: Tx, space: string, key: bigint): Promise<Facts> => {
  const rows = await tx.all(
    "SELECT field, value FROM chain_facts f WHERE space = ? AND key = ? AND NOT EXISTS (SELECT 1 FROM chain_facts g WHERE " +
      "g.space = f.space AND g.key = f.key AND g.field = f.field AND " +
      "(g.height > f.height OR (g.height = f.height AND g.log_index > f.log_index))) LIMIT 100",
    [space, key],
  );
  return new Map(rows.map((row) => [textOf(row, "field"), textOf(row, "value")]));
};

const isId = (id: bigint): boolean => id > 0n && id >> 32n === 0n;

/** The node, or undefined if none is registered under this id. */
export const loadNode = async (tx: Tx, nodeId: bigint): Promise<ChainNode | undefined> => {
  if (!isId(nodeId)) return undefined;
  const facts = await factsOf(tx, "node", nodeId);
  const owner = facts.get("owner");
  if (owner === undefined) return undefined;
  const signer = facts.get("signer") ?? zeroAddress;
  return { nodeId, owner: getAddress(owner), signer: getAddress(signer), endpoint: facts.get("endpoint") ?? "" };
};

/** The node that the key serves or served: a key serves one node, once. */
export const loadNodeOfSigner = async (tx: Tx, signer: Address): Promise<ChainNode | undefined> => {
  const address = signer.toLowerCase();
  if (address === zeroAddress) return undefined;
  const [row] = await tx.all(
    `SELECT key FROM chain_facts WHERE space = 'node' AND field = 'signer' AND value = ? ${newestFirst} LIMIT 1`,
    [address],
  );
  return row === undefined ? undefined : loadNode(tx, bigintOf(row, "key"));
};

/** Keys whose signatures settle a request made in this block: the present one and the one that was current then. */
export const loadSignersAt = async (tx: Tx, nodeId: bigint, blockNumber: bigint): Promise<readonly Address[]> => {
  if (!isId(nodeId)) return [];
  const rows = await tx.all(
    `SELECT height, value FROM chain_facts WHERE space = 'node' AND field = 'signer' AND key = ? ${newestFirst} LIMIT 1000`,
    [nodeId],
  );
  const keys = new Set<string>();
  let until: bigint | undefined;
  for (const row of rows) {
    const from = bigintOf(row, "height");
    if (until === undefined || (from <= blockNumber && until >= blockNumber)) keys.add(textOf(row, "value"));
    until = from;
  }
  keys.delete(zeroAddress);
  return [...keys].map((key) => getAddress(key));
};

type Identity = Pick<ChainTask, "kind" | "artifactDigest" | "runtimeDigest"> & {
  unitSize: string;
  windowS: number;
  maxOutputBytes: number;
};

const toTask = (taskId: bigint, facts: Facts): ChainTask | undefined => {
  const identity = facts.get("identity");
  if (identity === undefined) return undefined;
  const { kind, artifactDigest, runtimeDigest, unitSize, windowS, maxOutputBytes } = JSON.parse(identity) as Identity;
  return {
    taskId,
    kind,
    artifactDigest,
    artifactUri: facts.get("artifactUri") ?? "",
    runtimeDigest,
    unitSize: BigInt(unitSize),
    windowS: BigInt(windowS),
    maxOutputBytes: BigInt(maxOutputBytes),
    deprecated: facts.has("deprecated"),
  };
};

/** The task, or undefined if none is registered under this id. */
export const loadTask = async (tx: Tx, taskId: bigint): Promise<ChainTask | undefined> =>
  isId(taskId) ? toTask(taskId, await factsOf(tx, "task", taskId)) : undefined;

/** All tasks by id, up to 100,000. */
export const loadTasks = async (tx: Tx): Promise<readonly ChainTask[]> => {
  const rows = await tx.all(
    "SELECT key, field, value FROM chain_facts WHERE space = 'task' ORDER BY key, height, log_index LIMIT ?",
    [maxTasks * 4],
  );
  const tasks = new Map<bigint, Map<string, string>>();
  for (const row of rows) {
    const key = bigintOf(row, "key");
    const facts = tasks.get(key) ?? new Map<string, string>();
    facts.set(textOf(row, "field"), textOf(row, "value")); // later rows overwrite earlier ones
    tasks.set(key, facts);
  }
  return [...tasks].flatMap(([taskId, facts]) => toTask(taskId, facts) ?? []);
};

/** What the chain says of a task's pool and its latest snapshot. Times in Unix seconds. */
export type PoolFacts = {
  readonly taskId: bigint;
  readonly snapshot:
    | { readonly snapshotId: bigint; readonly publishedAtS: bigint; readonly freshForS: bigint; readonly count: bigint }
    | undefined;
  /** Subscribed nodes whose activation time has come. */
  readonly activeSubscribers: bigint;
  /** Whether an ask or a subscription changed since the latest snapshot. */
  readonly hasChanged: boolean;
};

const latest =
  "NOT EXISTS (SELECT 1 FROM chain_subscriptions g WHERE g.task_id = f.task_id AND g.node_id = f.node_id AND g.kind <> 'ask' AND " +
  "(g.height > f.height OR (g.height = f.height AND g.log_index > f.log_index)))";

const countActive = async (tx: Tx, taskId: bigint, nowS: bigint): Promise<bigint> => {
  const [row] = await tx.all(
    `SELECT COUNT(*) AS n FROM chain_subscriptions f WHERE task_id = ? AND kind = 'subscribed' AND active_at_s <= ? AND ${latest}`,
    [taskId, nowS],
  );
  return bigintOf(row ?? {}, "n");
};

const hasChangedSince = async (tx: Tx, taskId: bigint, snapshot: Row | undefined): Promise<boolean> => {
  if (snapshot === undefined) return true;
  const height = bigintOf(snapshot, "height");
  const [row] = await tx.all(
    "SELECT 1 AS n FROM chain_subscriptions WHERE task_id = ? AND kind <> 'subscribed' AND " +
      "(height > ? OR (height = ? AND log_index > ?)) LIMIT 1",
    [taskId, height, height, numberOf(snapshot, "log_index")],
  );
  return row !== undefined;
};

/** The pool of a task at a time. */
export const loadPool = async (tx: Tx, taskId: bigint, nowS: bigint): Promise<PoolFacts> => {
  const [row] = await tx.all(
    `SELECT value, height, log_index FROM chain_facts WHERE space = 'word' AND field = 'word' AND key = ? ${newestFirst} LIMIT 1`,
    [taskId],
  );
  const word = row === undefined ? undefined : decodeTaskWord(bigintOf(row, "value"));
  const snapshot =
    word === undefined || word.id === 0n
      ? undefined
      : { snapshotId: word.id, publishedAtS: word.publishedAtS, freshForS: word.freshForS, count: word.count };
  const activeSubscribers = await countActive(tx, taskId, nowS);
  return { taskId, snapshot, activeSubscribers, hasChanged: await hasChangedSince(tx, taskId, row) };
};

/** A node in jail, which has no key, and the block since which it is there. */
export type JailedSubscriber = { readonly nodeId: bigint; readonly height: bigint };

/** Nodes in jail that subscribe to a task. */
export const loadJailedSubscribers = async (tx: Tx, taskId: bigint): Promise<readonly JailedSubscriber[]> => {
  const newest = (column: "value" | "height"): string =>
    `SELECT s.${column} FROM chain_facts s WHERE s.space = 'node' AND s.field = 'signer' AND s.key = f.node_id ` +
    "ORDER BY s.height DESC, s.log_index DESC LIMIT 1";
  const rows = await tx.all(
    `SELECT node_id, (${newest("height")}) AS jailed FROM chain_subscriptions f WHERE task_id = ? AND kind = 'subscribed' ` +
      `AND ${latest} AND (${newest("value")}) = ? LIMIT 1000`,
    [taskId, zeroAddress],
  );
  return rows.map((row) => ({ nodeId: bigintOf(row, "node_id"), height: bigintOf(row, "jailed") }));
};

/** A subscription: the node, its key, from when it counts (Unix seconds), and the block that made it. */
export type Subscriber = {
  readonly nodeId: bigint;
  readonly signer: Address;
  readonly activeAtS: bigint;
  readonly height: bigint;
};

/** Nodes that subscribe to a task and are not in jail, at most as many as a pool holds. */
export const loadSubscribers = async (tx: Tx, taskId: bigint): Promise<readonly Subscriber[]> => {
  const rows = await tx.all(
    "SELECT node_id, active_at_s, height, (SELECT s.value FROM chain_facts s WHERE s.space = 'node' AND s.field = 'signer' " +
      "AND s.key = f.node_id ORDER BY s.height DESC, s.log_index DESC LIMIT 1) AS signer FROM chain_subscriptions f " +
      `WHERE task_id = ? AND kind = 'subscribed' AND ${latest} LIMIT 5000`,
    [taskId],
  );
  const all = rows.map((row) => ({
    nodeId: bigintOf(row, "node_id"),
    signer: getAddress(textOf(row, "signer")),
    activeAtS: bigintOf(row, "active_at_s"),
    height: bigintOf(row, "height"),
  }));
  return all.filter(({ signer }) => signer !== zeroAddress);
};

/** Tasks that a node subscribes to. */
export const loadTasksOfNode = async (tx: Tx, nodeId: bigint): Promise<readonly bigint[]> => {
  const rows = await tx.all(
    `SELECT task_id FROM chain_subscriptions f WHERE node_id = ? AND kind = 'subscribed' AND ${latest} LIMIT 10000`,
    [nodeId],
  );
  return rows.map((row) => bigintOf(row, "task_id"));
};
