/** Doctor's look at TEE evidence: whether the node's key is bound to the workloads that it has to serve. */
import { type Address, type Hex, zeroHash } from "viem";
import { taskRegistryAbi } from "../sdk/abi/task-registry.ts";
import { makeTeeChain, type TeeChain } from "./attestation/tee-chain.ts";
import type { Instance } from "./chain/instance.ts";
import type { Rpc } from "./runtime/rpc-endpoint.ts";
import { makePublicClient } from "./runtime/viem-client.ts";
import type { Settings } from "./settings.ts";

/** Tasks that are looked through for subscriptions. */
const maxTasks = 200;

const readWorkloads = async (
  { attest }: Settings,
  { rpc, instance, chain }: { rpc: Rpc; instance: Instance; chain: TeeChain },
  nodeId: number,
): Promise<readonly Hex[]> => {
  const client = makePublicClient(rpc, instance.chainId);
  const registry = { address: instance.taskRegistry, abi: taskRegistryAbi } as const;
  const count = Number(await client.readContract({ ...registry, functionName: "taskCount" }));
  const ids: Hex[] = [...attest.workloads];
  for (let taskId = 1; taskId <= Math.min(count, maxTasks); taskId++) {
    const args = [taskId, nodeId] as const;
    const [isSubscribed] = await client.readContract({ ...registry, functionName: "subscriptionOf", args });
    if (isSubscribed) ids.push(await chain.workloadIdOf(BigInt(taskId)));
  }
  return [...new Set(ids)].filter((id) => id !== zeroHash);
};

const sayOf = async (chain: TeeChain, workloadId: Hex, signer: Address, nowS: number): Promise<string> => {
  const workload = await chain.workload(workloadId);
  if (workload === undefined) return `workload ${workloadId} is not registered: check attest.workloads`;
  if (workload.statuses === 0) return `workload ${workloadId} is revoked: serve another one`;
  const { until } = await chain.binding(workloadId, signer);
  return until >= nowS ? "" : `the key is not bound to workload ${workloadId}: try atoma attest --dry-run`;
};

/** What is amiss, as sentences, and how many workloads were looked at. */
export const examineEvidence = async (
  settings: Settings,
  { rpc, instance }: { rpc: Rpc; instance: Instance },
  { nodeId, signer }: { nodeId: number; signer: Address },
): Promise<{ readonly count: number; readonly faults: readonly string[] }> => {
  const chain = makeTeeChain(rpc, instance);
  const ids = await readWorkloads(settings, { rpc, instance, chain }, nodeId);
  const nowS = Math.floor(Date.now() / 1_000);
  const said = await Promise.all(ids.map((id) => sayOf(chain, id, signer, nowS)));
  return { count: ids.length, faults: said.filter((fault) => fault !== "") };
};
