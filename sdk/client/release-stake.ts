import { encodeFunctionData, type TransactionReceipt } from "viem";
import { nodeRegistryAbi } from "../abi/node-registry.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** Whose stake, and of which task. */
export type ReleaseStakeInput = { readonly nodeId: bigint; readonly taskId: bigint };

/** The call of `releaseStake`. */
export function releaseStakeCall(
  { nodeRegistry }: Pick<Deployment, "nodeRegistry">,
  { nodeId, taskId }: ReleaseStakeInput,
): Call {
  const args = [Number(nodeId), Number(taskId)] as const;
  const data = encodeFunctionData({ abi: nodeRegistryAbi, functionName: "release", args });
  return { action: "Cannot release stake", to: nodeRegistry, data };
}

/** Makes stake free whose unbonding is over. By anyone. */
export async function releaseStake(context: Context, input: ReleaseStakeInput): Promise<TransactionReceipt> {
  return send(context, releaseStakeCall(context.deployment, input));
}
