import { type Address, type Hex, domainSeparator, type TypedDataDomain } from "viem";

/** The EIP-712 domain of attestations, commits and signed requests. */
export function escrowDomain(chainId: bigint, escrow: Address) {
  return { name: "Atoma", version: "1", chainId, verifyingContract: escrow } as const satisfies TypedDataDomain;
}

/** The EIP-712 domain of a signer's consent to serve a node. */
export function nodesDomain(chainId: bigint, nodeRegistry: Address) {
  return {
    name: "Atoma Nodes",
    version: "1",
    chainId,
    verifyingContract: nodeRegistry,
  } as const satisfies TypedDataDomain;
}

/** The EIP-712 domain separator, as `RequestEscrow.domainSeparator` returns it for the escrow's domain. */
export function separatorOf(domain: ReturnType<typeof escrowDomain> | ReturnType<typeof nodesDomain>): Hex {
  return domainSeparator({ domain });
}
