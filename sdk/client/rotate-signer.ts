import { encodeFunctionData, type TransactionReceipt } from "viem";
import { nodeRegistryAbi } from "../abi/node-registry.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import type { SignedConsent } from "./register-node.ts";
import { type Call, send } from "./send.ts";

/** The new hot key, with its consent. */
export type RotateSignerInput = SignedConsent & { readonly nodeId: bigint };

/** The call of `rotateSigner`. */
export function rotateSignerCall(
  { nodeRegistry }: Pick<Deployment, "nodeRegistry">,
  { nodeId, signer, consentDeadlineS, consent }: RotateSignerInput,
): Call {
  const args = [Number(nodeId), signer, consentDeadlineS, consent] as const;
  const data = encodeFunctionData({ abi: nodeRegistryAbi, functionName: "rotateSigner", args });
  return { action: "Cannot rotate the signer", to: nodeRegistry, data };
}

/** Replaces the hot key of a node. By its owner. */
export async function rotateSigner(context: Context, input: RotateSignerInput): Promise<TransactionReceipt> {
  return send(context, rotateSignerCall(context.deployment, input));
}
