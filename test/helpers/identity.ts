import type { Address, Hex } from "viem";
import { labelledKey, localChainId } from "../../deploy/local/world.ts";
import { signerConsentData } from "../../sdk/agreement/signer-consent.ts";
import type { Market } from "./market.ts";

/** Far beyond any test. */
export const farFutureS = 2n ** 39n;

/** A key's consent to serve a node of `owner`. */
export async function consentOf(
  { instance, owner }: Market,
  label: string,
  changes: { owner?: string; deadline?: bigint; registry?: Address; chainId?: bigint } = {},
): Promise<Hex> {
  const message = { owner: (changes.owner ?? owner.address) as Address, deadline: changes.deadline ?? farFutureS };
  const { chainId = localChainId, registry = instance.nodeRegistry } = changes;
  return labelledKey(label).signTypedData(signerConsentData(chainId, registry, message));
}

/** Makes the labelled key the node's signer. */
export async function rotate(market: Market, nodeId: bigint, label: string) {
  const { nodeRegistry, owner } = market;
  const consent = await consentOf(market, label);
  return nodeRegistry.connect(owner).rotateSigner(nodeId, labelledKey(label).address, farFutureS, consent);
}
