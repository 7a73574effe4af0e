/** Workloads of the local network's made-up TEEs. */
import type { Hex } from "viem";
import { localEvidenceSeed } from "../../deploy/local/world.ts";
import type { LocalNode } from "../../deploy/local/nodes.ts";
import { devMeasurement, devReport } from "../../keepers/attestation/dev/network.ts";
import { workloadIdOf } from "../../sdk/attestation/binding.ts";
import type { Market, MarketOptions } from "./market.ts";
import { attestArgs, machineOf, plainWorkload, prepareMachine, workloadSalt, type WorkloadFields } from "./tee.ts";

const deployer = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"; // the first account of every local chain

/** Options of a market whose task names the workload of `registerDevWorkload`. */
export const devTask: MarketOptions = { task: { workloadId: workloadIdOf(deployer, workloadSalt) } };

/** Registers a workload that allows what the local network's machines run. */
export async function registerDevWorkload(
  { teeRegistry, deployer: owner }: Market,
  changes: Partial<WorkloadFields> & { readonly measurements?: readonly Hex[] } = {},
): Promise<Hex> {
  const { measurements = [devMeasurement(localEvidenceSeed)], ...fields } = changes;
  const workload = { owner: owner.address, ...plainWorkload, ...fields };
  await teeRegistry.connect(owner).registerWorkload(workload, [...measurements], workloadSalt);
  return workloadIdOf(owner.address as Hex, workloadSalt);
}

/** Binds a node's key by a machine of its own. */
export async function bindDevKey(market: Market, node: LocalNode, workloadId: Hex): Promise<void> {
  const machine = machineOf("", { seed: localEvidenceSeed, machine: `of node ${node.nodeId}` });
  const quote = { body: devReport(machine) };
  await prepareMachine(market, machine, quote);
  await market.teeRegistry.attest(...(await attestArgs({ ...market, workloadId }, machine, node, { quote })));
}
