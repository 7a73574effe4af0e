/** What every node of the pool owns, read in one call. */
import type { Address } from "viem";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { poolSize, type World } from "./world.ts";

/** Stake in units of ATOMA, earnings in units of the payment token. */
export type Holding = {
  readonly allocated: bigint;
  readonly unbonding: bigint;
  readonly free: bigint;
  readonly earnings: bigint;
  readonly isJailed: boolean;
};

/** Holdings by node id. */
export type Ledger = ReadonlyMap<bigint, Holding>;

const perNode = 4;
/** Bytes of calldata in one call: more would not fit the code that a call may carry. */
const batchSize = 7_000;

/** Reads all nodes on the newest block. */
export const readLedger = async ({ market, instance }: Pick<World, "market" | "instance">): Promise<Ledger> => {
  const registry = { address: instance.nodeRegistry, abi: nodeRegistryAbi } as const;
  const escrow = { address: instance.escrow, abi: requestEscrowAbi } as const;
  const taskId = Number(market.taskId);
  const nodeIds = Array.from({ length: poolSize }, (_, i) => i + 1);
  const contracts = nodeIds.flatMap((nodeId) => [
    { ...registry, functionName: "allocatedStake", args: [nodeId, taskId] } as const,
    { ...registry, functionName: "unbondingStake", args: [nodeId, taskId] } as const,
    { ...registry, functionName: "freeStake", args: [nodeId] } as const,
    { ...escrow, functionName: "nodeWord", args: [nodeId] } as const,
  ]);
  const answers = await market.world.chain.multicall({ contracts, deployless: true, allowFailure: false, batchSize });
  const at = (index: number): bigint => {
    const answer: unknown = answers[index];
    if (typeof answer === "bigint") return answer;
    return (Array.isArray(answer) ? answer[0] : (answer as { amount: bigint }).amount) as bigint;
  };
  return new Map(
    nodeIds.map((nodeId, i) => {
      const { earnings, signer } = decodeNodeWord(at(perNode * i + 3));
      const [allocated, unbonding, free] = [at(perNode * i), at(perNode * i + 1), at(perNode * i + 2)];
      return [BigInt(nodeId), { allocated, unbonding, free, earnings, isJailed: BigInt(signer) === 0n }] as const;
    }),
  );
};

/** ATOMA that was slashed and is owed to somebody. */
export const awardsOf = async ({ market, instance, consumer }: World): Promise<bigint> => {
  const { treasury, owner, requester } = market;
  const accounts: Address[] = [treasury.address, owner.address, requester.address].map((one) => one as Address);
  accounts.push((await consumer.getAddress()) as Address, instance.disputes, instance.escrow);
  accounts.push(...market.nodes.map(({ signer }) => signer.address));
  const call = { address: instance.nodeRegistry, abi: nodeRegistryAbi, functionName: "awardOf" } as const;
  const contracts = accounts.map((account) => ({ ...call, args: [account] }) as const);
  const awards = await market.world.chain.multicall({ contracts, deployless: true, allowFailure: false });
  return awards.reduce((sum, award) => sum + award, 0n);
};
