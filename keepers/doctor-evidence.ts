/** Doctor's look at TEE evidence: whether the node's key is bound to the workloads that it has to serve. */
import { type Address, type Hex, zeroHash } from "viem";
import { makeTeeChain, type TeeChain } from "./attestation/tee-chain.ts";
import type { Instance } from "./chain/instance.ts";
import type { Rpc } from "./runtime/rpc-endpoint.ts";
import type { Settings } from "./settings.ts";
import { readSubscriptions } from "./subscriptions.ts";

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
  const { subscriptions } = await readSubscriptions(rpc, instance, nodeId);
  const ofTasks = await Promise.all(subscriptions.map(({ taskId }) => chain.workloadIdOf(BigInt(taskId))));
  const ids = [...new Set([...settings.attest.workloads, ...ofTasks])].filter((id) => id !== zeroHash);
  const nowS = Math.floor(Date.now() / 1_000);
  const said = await Promise.all(ids.map((id) => sayOf(chain, id, signer, nowS)));
  return { count: ids.length, faults: said.filter((fault) => fault !== "") };
};
