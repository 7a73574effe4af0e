import { readFile } from "node:fs/promises";
import { type Address, getAddress, type Hex } from "viem";
import {
  plainTask,
  publishSnapshot,
  registerNode,
  registerTask,
  subscribe,
  type LocalNode,
  type TaskInput,
} from "../../deploy/local/nodes.ts";
import { approveAll, labelledSecret, mint, type Wallet, walletOf, type World } from "../../deploy/local/world.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { runtimeDigest } from "../../keepers/executors/wasm/executor.ts";
import { sha256 } from "../../keepers/runtime/sha256.ts";
import { type ClaimStage, setClaimStage } from "./claim.ts";
import type { FileServer } from "./files.ts";
import type { Model } from "./model.ts";
import { send } from "./send.ts";
import { registerWorkload } from "./tee.ts";

export type Role = "honest" | "silent" | "copier" | "liar" | "equivocator";
export type CastNode = LocalNode & {
  readonly role: Role;
  readonly ask: number;
  readonly secret: Hex;
  /** Name of the TEE that its keeper runs in; absent where it runs in none. */
  readonly machine?: string;
};

/** The first three are served by the honest nodes, the silent one and the copier, the others as their names say. */
type TaskName = "fold" | "tune" | "bundle" | "challenged" | "attested" | CheatedTask;

export type CheatedTask = "lied" | "equivocated";

/** Tasks, nodes and contracts, on chain and ready. */
export type Stage = {
  readonly world: World;
  readonly tasks: Readonly<Record<TaskName, bigint>>;
  /** What nodes in TEEs run; the attested task names it. */
  readonly workloadId: Hex;
  readonly nodes: readonly CastNode[];
  /** Asks for the bundle, without any contract. */
  readonly user: Wallet;
  /** Of the lending market. */
  readonly keeper: Wallet;
  /** Challenges what is right. */
  readonly griefer: Wallet;
  readonly consumers: { readonly fold: Address; readonly rate: Address; readonly mendable: Address };
  /** The desk whose claims a model decides; absent where there is no model. */
  readonly claims?: ClaimStage;
};

/** Honest nodes ask 4 or 5 per unit; the others ask more, so that a cap can leave them out. */
export const honestAsk = 5;
export const otherAsk = 6;
/** Time in which a committee computes, seconds: a request waits for silent members until it is over. */
const windowS = { single: 20, bundle: 100, disputed: 8 };
const cheats = ["silent", "copier", "liar", "equivocator"] as const;
const honestCount = 10;
const nodeCount = honestCount + cheats.length;
/** Honest nodes that serve a task with a cheat from the start: so few that all of them are drawn. */
const firstHonest = 2;
/** Honest nodes in TEEs, by their place: they alone serve the attested task, once they have shown it. */
const inTees: readonly number[] = [2, 3];
const depositPerAccount = 100_000_000n; // 100 of the payment token
const one = 10n ** 18n;
const initialCurve = [one / 100n, (4n * one) / 100n, (60n * one) / 100n] as const;
/** What the lending market wants, and where its curve bends. */
export const market = { target: (80n * one) / 100n, kink: (85n * one) / 100n } as const;

const roleOf = (index: number): Role => cheats[index - honestCount] ?? "honest";

/** Who serves which task from the start. */
function serves(role: Role, index: number, task: TaskName): boolean {
  if (role === "liar" || role === "equivocator") return task === cheatedBy[role];
  if (task === "attested") return false;
  if (role !== "honest") return task === "fold" || task === "tune" || task === "bundle";
  return index < firstHonest || !isCheated(task);
}

const cheatedBy = { liar: "lied", equivocator: "equivocated" } as const;
const isCheated = (task: TaskName): task is CheatedTask => task === "lied" || task === "equivocated";
const askOf = (role: Role, index: number): number => (role === "honest" ? honestAsk - (index % 2) : otherAsk);

/** Puts tasks, nodes, consumers and their money on chain. */
export async function setStage(world: World, files: FileServer, model?: Model): Promise<Stage> {
  const accounts = await world.connection.provider.request({ method: "eth_accounts" });
  const [, , user, keeper, griefer, ...owners] = (accounts as Address[]).map((account) =>
    walletOf(world.connection, account),
  );
  if (user === undefined || keeper === undefined || griefer === undefined)
    throw new Error("The local chain has too few unlocked accounts.");
  const workloadId = await registerWorkload(world);
  const tasks = await registerTasks(world, files, workloadId);
  const nodes = await registerNodes(world, owners.slice(0, nodeCount), tasks);
  const { attested: _, ...served } = tasks;
  for (const task of Object.values(served)) await publishSnapshot(world, task);
  const consumers = await deployConsumers(world, user.account.address, keeper.account.address);
  await fillAccounts(world, [user.account.address, griefer.account.address, ...Object.values(consumers)]);
  const stage = { world, tasks, workloadId, nodes, user, keeper, griefer, consumers };
  if (model === undefined) return stage;
  return { ...stage, claims: await setClaimStage({ world, files, model, nodes, user, maxAsk: honestAsk }) };
}

/** Nodes come to serve a task, and its pool is published: panels and committees are drawn from the pool as it is then. */
export async function joinTask(
  { world, nodes, tasks }: Stage,
  task: CheatedTask | "attested",
  isIn: (node: CastNode) => boolean,
): Promise<void> {
  const registry = { address: world.instance.taskRegistry, abi: taskRegistryAbi } as const;
  await Promise.all(
    nodes.filter(isIn).map(({ nodeId, owner, ask }) =>
      send(world, owner, {
        ...registry,
        functionName: "subscribe",
        args: [Number(tasks[task]), Number(nodeId), ask],
      }),
    ),
  );
  await send(world, world.deployer, { ...registry, functionName: "publishSnapshot", args: [Number(tasks[task])] });
}

/** Honest nodes that come to serve a task with a cheat later, so that a panel can be drawn. */
export const lateNodes = ({ nodes }: Stage): ((node: CastNode) => boolean) => {
  const late = new Set(nodes.filter(({ role }) => role === "honest").slice(firstHonest));
  return (node) => late.has(node);
};

async function registerTasks(world: World, files: FileServer, workloadId: Hex): Promise<Stage["tasks"]> {
  const register = async (guest: string, window: number, terms: Partial<TaskInput> = {}): Promise<bigint> => {
    const artifact = await readFile(new URL(`../../build/guests/${guest}.wasm`, import.meta.url));
    const artifactUri = files.put(`${guest}.wasm`, artifact);
    const identity = { artifactDigest: sha256(artifact), artifactUri, runtimeDigest: runtimeDigest() };
    return registerTask(world, { ...plainTask, ...identity, window, ...terms });
  };
  const fold = await register("fold", windowS.single);
  const tune = await register("tune", windowS.single);
  const bundle = await register("fold", windowS.bundle);
  const disputed = (): Promise<bigint> => register("fold", windowS.disputed);
  const attested = await register("fold", windowS.single, { workloadId });
  const [lied, equivocated, challenged] = [await disputed(), await disputed(), await disputed()];
  return { fold, tune, bundle, lied, equivocated, challenged, attested };
}

async function registerNodes(world: World, owners: readonly Wallet[], tasks: Stage["tasks"]): Promise<CastNode[]> {
  const nodes: CastNode[] = [];
  for (const [index, owner] of owners.entries()) {
    const role = roleOf(index);
    const label = `demo node ${index + 1}`;
    const node = await registerNode(world, owner, label);
    for (const [name, task] of Object.entries(tasks) as [TaskName, bigint][])
      if (serves(role, index, name)) await subscribe(world, node, task, askOf(role, index));
    await world.deployer.sendTransaction({ to: node.signer.address, value: 10n * one });
    const tee = inTees.includes(index) ? { machine: label } : {};
    nodes.push({ ...node, role, ask: askOf(role, index), secret: labelledSecret(label), ...tee });
  }
  return nodes;
}

async function deployConsumers(
  { connection, instance }: World,
  user: Address,
  keeper: Address,
): Promise<Stage["consumers"]> {
  const { ethers } = connection;
  const fold = await ethers.deployContract("FoldConsumer", [instance.escrow, user]);
  const rateArguments = [instance.escrow, keeper, market.target, market.kink, initialCurve];
  const rate = await ethers.deployContract("RateConsumer", rateArguments);
  const mendable = await ethers.deployContract("MendableConsumer", [instance.escrow]);
  const addresses = await Promise.all([fold, rate, mendable].map((contract) => contract.getAddress()));
  const [foldAt = "", rateAt = "", mendableAt = ""] = addresses;
  return { fold: getAddress(foldAt), rate: getAddress(rateAt), mendable: getAddress(mendableAt) };
}

async function fillAccounts(world: World, accounts: readonly Address[]): Promise<void> {
  const { deployer, paymentToken, instance } = world;
  await mint(world, deployer.account.address, depositPerAccount * BigInt(accounts.length));
  await approveAll(deployer, paymentToken, instance.escrow);
  for (const account of accounts) {
    const escrow = { address: instance.escrow, abi: requestEscrowAbi } as const;
    await send(world, deployer, { ...escrow, functionName: "deposit", args: [account, depositPerAccount] });
  }
}
