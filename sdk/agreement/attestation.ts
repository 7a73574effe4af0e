import { type Address, type Hex, hashStruct, hashTypedData } from "viem";
import { escrowDomain } from "./domain.ts";

/** What a member signs: the digest, and the commits (bitmap in draw order and root) it saw before it revealed its own. */
export type Attestation = {
  readonly requestId: Hex;
  readonly level: bigint;
  readonly digest: Hex;
  readonly committed: bigint;
  readonly commitRoot: Hex;
};

const types = {
  Attestation: [
    { name: "requestId", type: "bytes32" },
    { name: "level", type: "uint256" },
    { name: "digest", type: "bytes32" },
    { name: "committed", type: "uint256" },
    { name: "commitRoot", type: "bytes32" },
  ],
} as const;

/** EIP-712 data of an attestation, for `signTypedData`. */
export function attestationData(chainId: bigint, escrow: Address, message: Attestation) {
  return { domain: escrowDomain(chainId, escrow), types, primaryType: "Attestation", message } as const;
}

/** The 32 bytes that are signed for an attestation. */
export function attestationHash(chainId: bigint, escrow: Address, message: Attestation): Hex {
  return hashTypedData(attestationData(chainId, escrow, message));
}

/** The EIP-712 struct hash. Equals `Attestations.structHash`. */
export function attestationStructHash(message: Attestation): Hex {
  return hashStruct({ types, primaryType: "Attestation", data: message });
}
