import { type Address, type Hex, hashStruct, hashTypedData } from "viem";
import { escrowDomain } from "./domain.ts";

/** What a member signs before anybody reveals: its leaf (see `leafOf`). Two different leaves of one node void both. */
export type Commit = { readonly requestId: Hex; readonly level: bigint; readonly leaf: Hex };

const types = {
  Commit: [
    { name: "requestId", type: "bytes32" },
    { name: "level", type: "uint256" },
    { name: "leaf", type: "bytes32" },
  ],
} as const;

/** EIP-712 data of a commit, for `signTypedData`. */
export function commitData(chainId: bigint, escrow: Address, message: Commit) {
  return { domain: escrowDomain(chainId, escrow), types, primaryType: "Commit", message } as const;
}

/** The 32 bytes that are signed for a commit. */
export function commitHash(chainId: bigint, escrow: Address, message: Commit): Hex {
  return hashTypedData(commitData(chainId, escrow, message));
}

/** The EIP-712 struct hash of a commit. */
export function commitStructHash(message: Commit): Hex {
  return hashStruct({ types, primaryType: "Commit", data: message });
}
