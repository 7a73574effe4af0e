import type { Address, Hex, PrivateKeyAccount } from "viem";
import { keccak256, stringToHex, zeroHash } from "viem";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { signerConsentData } from "../../sdk/agreement/signer-consent.ts";
import { approveAll, labelledKey, localChainId, type Wallet, type World } from "./world.ts";

/** A node of a local network. */
export type LocalNode = {
  readonly nodeId: bigint;
  readonly owner: Wallet;
  readonly signer: PrivateKeyAccount;
};

export type TaskInput = {
  readonly kind: string;
  readonly artifactDigest: Hex;
  readonly artifactUri: string;
  readonly runtimeDigest: Hex;
  /** The TEE workload that may serve it; zero for none. */
  readonly workloadId: Hex;
  readonly unitSize: bigint;
  readonly stakePerNode: bigint;
  readonly royalty: number;
  readonly askExponent: number;
  readonly minReputation: number;
  readonly window: number;
  readonly maxOutput: number;
};

/** Terms that suit a local network; the artifact is nobody's. */
export const plainTask: TaskInput = {
  kind: "wasm",
  artifactDigest: keccak256(stringToHex("no artifact")),
  artifactUri: "",
  runtimeDigest: keccak256(stringToHex("no runtime")),
  workloadId: zeroHash,
  unitSize: 1_000_000n,
  stakePerNode: 1_000n * 10n ** 18n,
  royalty: 500,
  askExponent: 0,
  minReputation: 0,
  window: 30,
  maxOutput: 1_024,
};

/** Registers a task published by the deployer. Returns its id. */
export async function registerTask(world: World, task: TaskInput): Promise<bigint> {
  const { chain, deployer, instance, atoma } = world;
  await approveAll(deployer, atoma, instance.nodeRegistry);
  const call = {
    address: instance.taskRegistry,
    abi: taskRegistryAbi,
    functionName: "register",
    args: [{ ...task, kind: stringToHex(task.kind, { size: 32 }) }, task.artifactUri],
  } as const;
  const { result } = await chain.simulateContract({ ...call, account: deployer.account });
  await deployer.writeContract(call);
  return BigInt(result);
}

/** Registers a node owned by the wallet, with a key made from its label, and gives it stake from the deployer. */
export async function registerNode(
  world: World,
  owner: Wallet,
  label: string,
  { endpoint = "", stake = 10_000n * 10n ** 18n } = {},
): Promise<LocalNode> {
  const { chain, deployer, instance } = world;
  const signer = labelledKey(label);
  const deadline = 2n ** 40n;
  const consent = await signer.signTypedData(
    signerConsentData(localChainId, instance.nodeRegistry, { owner: owner.account.address, deadline }),
  );
  const registry = { address: instance.nodeRegistry, abi: nodeRegistryAbi } as const;
  await owner.writeContract({
    ...registry,
    functionName: "register",
    args: [signer.address, endpoint, deadline, consent],
  });
  const nodeId = await chain.readContract({ ...registry, functionName: "nodeOfSigner", args: [signer.address] });
  await deployer.writeContract({ ...registry, functionName: "deposit", args: [nodeId, stake] });
  return { nodeId: BigInt(nodeId), owner, signer };
}

/** Subscribes a node to a task at a price per unit, in multiples of the task's scale. */
export async function subscribe(world: World, node: LocalNode, taskId: bigint, ask: number): Promise<void> {
  await node.owner.writeContract({
    address: world.instance.taskRegistry,
    abi: taskRegistryAbi,
    functionName: "subscribe",
    args: [Number(taskId), Number(node.nodeId), ask],
  });
}

/** Publishes the task's pool. Returns the address of the snapshot. */
export async function publishSnapshot({ chain, deployer, instance }: World, taskId: bigint): Promise<Address> {
  const call = {
    address: instance.taskRegistry,
    abi: taskRegistryAbi,
    functionName: "publishSnapshot",
    args: [Number(taskId)],
  } as const;
  const { result } = await chain.simulateContract({ ...call, account: deployer.account });
  await deployer.writeContract(call);
  return chain.readContract({ ...call, functionName: "snapshotAddress", args: [result] });
}
