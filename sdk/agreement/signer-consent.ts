import { type Address, type Hex, hashStruct, hashTypedData } from "viem";
import { nodesDomain } from "./domain.ts";

/** A key's agreement to sign for a node of `owner`, valid until `deadline` (Unix seconds). */
export type SignerConsent = { readonly owner: Address; readonly deadline: bigint };

const types = {
  SignerConsent: [
    { name: "owner", type: "address" },
    { name: "deadline", type: "uint256" },
  ],
} as const;

/** EIP-712 data of a consent, for `signTypedData` with the signer's key. */
export function signerConsentData(chainId: bigint, nodeRegistry: Address, message: SignerConsent) {
  return { domain: nodesDomain(chainId, nodeRegistry), types, primaryType: "SignerConsent", message } as const;
}

/** The 32 bytes that are signed for a consent. */
export function signerConsentHash(chainId: bigint, nodeRegistry: Address, message: SignerConsent): Hex {
  return hashTypedData(signerConsentData(chainId, nodeRegistry, message));
}

/** The EIP-712 struct hash of a consent. */
export function signerConsentStructHash(message: SignerConsent): Hex {
  return hashStruct({ types, primaryType: "SignerConsent", data: message });
}
