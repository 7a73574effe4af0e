import { network } from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";
import type { Reorganisation, ReorganisationInput } from "./reorganise.ts";
import { startRpcServer } from "./rpc-server.ts";

/** A chain on this machine, and its address for everybody else. */
export type LocalChain = {
  /** As a person would name it. */
  readonly client: string;
  readonly connection: NetworkConnection<"l1">;
  readonly url: string;
  /** From now on a block a second instead of a block per transaction. */
  readonly tick: () => Promise<void>;
  /** Replaces the newest blocks, after `tick`. Absent where the client cannot. */
  readonly reorganise?: (input: ReorganisationInput) => Promise<Reorganisation>;
  readonly close: () => Promise<void>;
};

/** Starts Hardhat's chain in this process. Its time is this machine's, and each transaction makes a block until `tick` is called. */
export async function startChain(): Promise<LocalChain> {
  const connection = await network.create({
    network: "default",
    chainType: "l1",
    override: { allowBlocksWithSameTimestamp: true },
  });
  const { provider } = connection;
  await alignClock(provider);
  const server = await startRpcServer(provider);
  return {
    client: "Hardhat's simulated chain",
    connection,
    url: server.url,
    tick: async () => {
      await provider.request({ method: "evm_setAutomine", params: [false] });
      await provider.request({ method: "evm_setIntervalMining", params: [1_000] });
    },
    close: async () => {
      await provider.request({ method: "evm_setIntervalMining", params: [0] });
      await server.close();
      await connection.close();
    },
  };
}

/** The chain's clock starts up to two seconds late; a beacon that signs in time would then seem to sign early. */
async function alignClock(provider: NetworkConnection<"l1">["provider"]): Promise<void> {
  await provider.request({ method: "evm_mine" });
  const block = (await provider.request({ method: "eth_getBlockByNumber", params: ["latest", false] })) as {
    timestamp: string;
  };
  const lagS = Math.floor(Date.now() / 1_000) - Number(block.timestamp);
  if (lagS > 0) await provider.request({ method: "evm_increaseTime", params: [lagS] });
}
