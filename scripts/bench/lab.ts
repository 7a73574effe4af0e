import { network } from "hardhat";
import { type Address, getAddress, type Hex, parseEventLogs } from "viem";
import { type LocalRequest, requestsIn } from "../../deploy/local/committee.ts";
import {
  type LocalNode,
  plainTask,
  publishSnapshot,
  registerNode,
  registerTask,
  subscribe,
  type TaskInput,
} from "../../deploy/local/nodes.ts";
import { approveAll, makeWorld, mint, type Wallet, walletOf, type World } from "../../deploy/local/world.ts";
import { drandBeaconAbi } from "../../sdk/abi/drand-beacon.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import type { Settlement } from "../../sdk/agreement/settlement.ts";

export type Sent = { readonly gas: bigint; readonly hash: Hex };
export type AskOptions = {
  readonly k: number;
  readonly slot: number;
  readonly items?: number;
  /** Whether to go on where the pool is too small for a panel; by default for large committees. */
  readonly acceptNoPanel?: boolean;
};

/** A local network with a pool and a consumer, for measuring. Its clock starts at a fixed time, so that figures repeat. */
export type Lab = {
  readonly world: World;
  readonly taskId: bigint;
  readonly nodes: readonly LocalNode[];
  readonly ask: (options: AskOptions) => Promise<Sent & { readonly request: LocalRequest }>;
  readonly post: (request: LocalRequest) => Promise<Sent>;
  /** Settles as the first node, which the caller makes sure is a member. */
  readonly settle: (settler: LocalNode, settlements: readonly Settlement[]) => Promise<Sent>;
  readonly gasOf: (hash: Hex) => Promise<Sent>;
  readonly sleep: (seconds: number) => Promise<void>;
};

/** Waiting subscriptions that one snapshot takes in. */
const activatedAtOnce = 200;

export const escrowOf = (world: World) => ({ address: world.instance.escrow, abi: requestEscrowAbi }) as const;

/** Makes a chain, an instance, a task, and a pool of nodes that ask 5 per unit. A task that names a workload needs no challenge window. */
export async function makeLab(poolSize: number, hardfork = "osaka", task: Partial<TaskInput> = {}): Promise<Lab> {
  const connection = await network.create({
    network: "default",
    chainType: "l1",
    override: { initialDate: "2026-01-01T00:00:00Z", hardfork },
  });
  const world = await makeWorld(connection);
  const taskId = await registerTask(world, { ...plainTask, ...task });
  const [, , ownerAddress] = (await connection.provider.request({ method: "eth_accounts" })) as Address[];
  if (ownerAddress === undefined) throw new Error("The local chain has too few accounts.");
  const nodes = await makePool(world, walletOf(connection, ownerAddress), taskId, poolSize);
  const consumer = await makeConsumer(world);

  const gasOf = async (hash: Hex): Promise<Sent> => {
    const { gasUsed, status } = await world.chain.getTransactionReceipt({ hash });
    if (status !== "success") throw new Error(`Transaction ${hash} reverted.`);
    return { gas: gasUsed, hash };
  };
  const ask: Lab["ask"] = async ({ k, slot, items = 0, acceptNoPanel = k > 10 }) => {
    const params = { ...paramsOf(taskId, k, slot), acceptNoPanel, ...(task.workloadId === undefined ? {} : inTee) };
    const sent = await (items === 0
      ? consumer.getFunction("ask").send(params, `0x${"11".repeat(32)}`)
      : consumer.getFunction("askBundle").send(params, items, `0x${"33".repeat(32)}`, "https://example.org/inputs"));
    const hash = sent.hash as Hex;
    const [request] = requestsIn(await world.chain.getTransactionReceipt({ hash }));
    if (request === undefined) throw new Error("The consumer made no request.");
    return { ...(await gasOf(hash)), request };
  };
  const post: Lab["post"] = async ({ fields: { round } }) => {
    const call = { address: world.instance.beacon, abi: drandBeaconAbi, functionName: "submit" } as const;
    return gasOf(await world.deployer.writeContract({ ...call, args: [round, world.beacon.sign(round)] }));
  };
  /** An item that is passed over costs little: a figure with one in it would flatter. */
  const checkAllTaken = async (hash: Hex, count: number): Promise<void> => {
    const { logs } = await world.chain.getTransactionReceipt({ hash });
    const taken = parseEventLogs({ abi: requestEscrowAbi, logs, eventName: ["Settled", "ResultRecorded"] });
    if (taken.length !== count) throw new Error(`Only ${taken.length} of ${count} settlements were taken.`);
  };
  const settle: Lab["settle"] = async ({ signer }, settlements) => {
    await connection.networkHelpers.setBalance(signer.address, 10n ** 18n);
    const wallet = walletOf(connection, signer);
    const call = { ...escrowOf(world), functionName: "settle", args: [settlements, []] } as const;
    const hash = await wallet.writeContract(call);
    await checkAllTaken(hash, settlements.length);
    return gasOf(hash);
  };
  const sleep = async (seconds: number) => {
    await connection.networkHelpers.time.increase(seconds);
  };
  return { world, taskId, nodes, ask, post, settle, gasOf, sleep };
}

async function makePool(world: World, owner: Wallet, taskId: bigint, size: number): Promise<LocalNode[]> {
  const nodes = await addNodes(world, owner, taskId, 0, size);
  await publishSnapshot(world, taskId);
  return nodes;
}

async function addNodes(world: World, owner: Wallet, taskId: bigint, from: number, to: number): Promise<LocalNode[]> {
  const nodes: LocalNode[] = [];
  for (let i = from; i < to; i++) {
    const node = await registerNode(world, owner, `bench ${i}`);
    await subscribe(world, node, taskId, 5);
    nodes.push(node);
  }
  return nodes;
}

/** The same lab with a larger pool, published. */
export async function growPool(lab: Lab, size: number): Promise<Lab> {
  const { world, taskId, nodes } = lab;
  const [first] = nodes;
  if (first === undefined) throw new Error("The pool has no owner.");
  const added: LocalNode[] = [];
  while (nodes.length + added.length < size) {
    const from = nodes.length + added.length;
    added.push(...(await addNodes(world, first.owner, taskId, from, Math.min(size, from + activatedAtOnce))));
    await publishSnapshot(world, taskId); // which lets no more than so many in
  }
  return { ...lab, nodes: [...nodes, ...added] };
}

async function makeConsumer(world: World) {
  const contract = await world.connection.ethers.deployContract("BenchConsumer", [world.instance.escrow]);
  const consumer = getAddress(await contract.getAddress());
  const amount = 10n ** 15n;
  await mint(world, world.deployer.account.address, amount);
  await approveAll(world.deployer, world.paymentToken, world.instance.escrow);
  await world.deployer.writeContract({ ...escrowOf(world), functionName: "deposit", args: [consumer, amount] });
  return contract;
}

/** Keys of a TEE need no challenge window; its pool is small. */
const inTee = { challengeWindow: 0, acceptNoPanel: true };

function paramsOf(taskId: bigint, k: number, slot: number) {
  return {
    taskId,
    units: 1_000,
    maxAsk: 10,
    tip: 100_000,
    k,
    quorum: 0,
    slot,
    callbackGas: 50_000,
    challengeWindow: k === 1 ? 60 : 0,
  };
}
