import { InvalidValueError } from "../errors/invalid-value.ts";
import type { ReadContext } from "./context.ts";

/** Throws InvalidValueError unless the RPC serves the chain of the deployment. */
export async function checkChain({ publicClient, deployment }: ReadContext): Promise<void> {
  const chainId = BigInt(await publicClient.getChainId());
  if (chainId === deployment.chainId) return;
  throw new InvalidValueError(
    "chainId",
    `the RPC serves chain ${chainId}, and the deployment is on ${deployment.chainId}.`,
  );
}
