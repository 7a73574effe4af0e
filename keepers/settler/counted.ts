/** Which attestations the chain will count: those by the key that a node has now, or had when the request was made. */
import type { Address, Hex } from "viem";
import { attestationHash } from "../../sdk/agreement/attestation.ts";
import { recoverSigner } from "../../sdk/agreement/recover.ts";
import type { ChainFollower } from "../chain/chain-view.ts";
import type { AttestationMessage } from "../network/messages.ts";

export type CountedDeps = {
  readonly chain: Pick<ChainFollower, "signersAt">;
  readonly instance: { readonly chainId: number; readonly escrow: Address };
};

/**
 * The attestations of a request that count. One by a key that the node took later, or gave up before, would make the
 * chain refuse the whole settlement.
 */
export const countedAttestations = async (
  { chain, instance }: CountedDeps,
  { requestId, blockNumber }: { readonly requestId: Hex; readonly blockNumber: bigint },
  attestations: readonly AttestationMessage[],
): Promise<readonly AttestationMessage[]> => {
  const counted: AttestationMessage[] = [];
  for (const one of attestations) {
    if (one.requestId !== requestId) continue;
    const signer = recoverSigner(attestationHash(BigInt(instance.chainId), instance.escrow, one), one.signature);
    const keys = await chain.signersAt(one.nodeId, blockNumber);
    if (signer !== undefined && keys.includes(signer)) counted.push(one);
  }
  return counted;
};
