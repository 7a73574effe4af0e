import { type Hex, keccak256, stringToHex } from "viem";
import { localEvidenceSeed, type World } from "../../deploy/local/world.ts";
import { devMeasurement } from "../../keepers/attestation/dev/network.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import { workloadIdOf } from "../../sdk/attestation/binding.ts";
import { statusBitmap } from "../../sdk/attestation/status.ts";
import { send } from "./send.ts";
import type { CastNode, Stage } from "./stage.ts";

const salt = keccak256(stringToHex("the demo's keeper"));
const dayS = 86_400;

/** Registers what the TEEs of this machine, which are made up, are allowed to run. Returns the workload's id. */
export async function registerWorkload(world: World): Promise<Hex> {
  const { deployer } = world;
  const workload = {
    owner: deployer.account.address,
    tee: 0x81,
    parts: 0,
    statuses: statusBitmap(["UpToDate"]),
    minEvaluation: 1,
    maxAge: 7 * dayS,
    minIsvSvn: 0,
  };
  const args = [workload, [devMeasurement(localEvidenceSeed)], salt] as const;
  await send(world, deployer, { ...registryOf(world), functionName: "registerWorkload", args });
  return workloadIdOf(deployer.account.address, salt);
}

/** Nodes that serve the workload's task. */
export const teeNodes = ({ nodes }: Pick<Stage, "nodes">): readonly CastNode[] =>
  nodes.filter(({ machine }) => machine !== undefined);

/** Those of them whose key is bound to the workload now. */
export async function boundNodes({
  world,
  nodes,
  workloadId,
}: Pick<Stage, "world" | "nodes" | "workloadId">): Promise<readonly bigint[]> {
  const found = await Promise.all(
    teeNodes({ nodes }).map(async ({ nodeId, signer }) => {
      const args = [workloadId, Number(nodeId), signer.address] as const;
      const until = await world.chain.readContract({ ...registryOf(world), functionName: "liveUntil", args });
      return until > 0n ? [nodeId] : [];
    }),
  );
  return found.flat();
}

/** Whether all nodes in TEEs have shown on chain that their keys live there. */
export const areBound = async (stage: Stage): Promise<boolean> =>
  (await boundNodes(stage)).length === teeNodes(stage).length;

const registryOf = ({ instance }: World) => ({ address: instance.teeRegistry, abi: teeRegistryAbi }) as const;
