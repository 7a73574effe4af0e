import { type Address, encodeFunctionData, type Hex, type LocalAccount, parseEventLogs } from "viem";
import { nodeRegistryAbi } from "../abi/node-registry.ts";
import { signerConsentData } from "../agreement/signer-consent.ts";
import { InvalidValueError } from "../errors/invalid-value.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** The hot key, which signs its consent, and the base URL of the node's committee endpoint (at most 256 bytes). */
export type RegisterNodeInput = {
  readonly signer: Pick<LocalAccount, "address" | "signTypedData">;
  readonly endpoint: string;
  /** Until when the consent holds, Unix seconds. */
  readonly consentDeadlineS: bigint;
};

/** A consent that the hot key signed, here or elsewhere. */
export type SignedConsent = { readonly signer: Address; readonly consentDeadlineS: bigint; readonly consent: Hex };

/** The call of `registerNode` with a consent. */
export function registerNodeCall(
  { nodeRegistry }: Pick<Deployment, "nodeRegistry">,
  { signer, endpoint, consentDeadlineS, consent }: SignedConsent & { readonly endpoint: string },
): Call {
  const args = [signer, endpoint, consentDeadlineS, consent] as const;
  const data = encodeFunctionData({ abi: nodeRegistryAbi, functionName: "register", args });
  return { action: "Cannot register the node", to: nodeRegistry, data };
}

/** Registers a node that the wallet's account owns. Returns its id. */
export async function registerNode(
  context: Context,
  { signer, endpoint, consentDeadlineS }: RegisterNodeInput,
): Promise<bigint> {
  const { deployment, walletClient } = context;
  const owner = walletClient.account.address;
  const consent = await signer.signTypedData(
    signerConsentData(deployment.chainId, deployment.nodeRegistry, { owner, deadline: consentDeadlineS }),
  );
  const call = registerNodeCall(deployment, { signer: signer.address, endpoint, consentDeadlineS, consent });
  const { logs } = await send(context, call);
  const [registered] = parseEventLogs({ abi: nodeRegistryAbi, logs, eventName: "NodeRegistered" });
  if (registered === undefined) throw new InvalidValueError("nodeRegistry", "it registered no node.");
  return BigInt(registered.args.nodeId);
}
