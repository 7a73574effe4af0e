/** The parameters that a dispute was opened under: which version that is, the dispute's words tell. */
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import type { Rpc } from "../runtime/rpc-endpoint.ts";
import { makePublicClient } from "../runtime/viem-client.ts";
import type { ChainFollower } from "./chain-view.ts";
import type { DisputeParameters } from "./disputes.ts";
import type { Instance } from "./instance.ts";

export type DisputeParametersDeps = {
  readonly rpc: Rpc;
  readonly instance: Pick<Instance, "chainId" | "disputes">;
  readonly view: Pick<ChainFollower, "disputeParameters">;
};

/** A function that finds a version: among those that the view saw being set, else the one in force. Rejects for others. */
export const makeDisputeParameters = ({ rpc, instance, view }: DisputeParametersDeps) => {
  const client = makePublicClient(rpc, instance.chainId);
  return async (version: bigint): Promise<DisputeParameters> => {
    const seen = await view.disputeParameters(version);
    if (seen !== undefined) return seen;
    const call = { address: instance.disputes, abi: disputesAbi, functionName: "parameters" } as const;
    const [current, parameters] = await client.readContract(call);
    if (current === version) return parameters;
    throw new Error(
      `version ${version} of the dispute parameters is not known: start with an earlier chain.startBlock`,
    );
  };
};
