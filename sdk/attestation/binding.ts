import { type Address, encodeAbiParameters, hashTypedData, type Hex, keccak256, type TypedDataDomain } from "viem";

/** A node's keys that were made inside a TEE, and what they are bound together with; as `Keys` of the TEE registry. */
export type TeeKeys = {
  readonly nodeId: bigint;
  /** Owner of the node, which only the binding holds. */
  readonly owner: Address;
  /** secp256k1 key that attests results. */
  readonly signer: Address;
  /** X25519 key that inputs are sealed to. */
  readonly hpkeKey: Hex;
  /** Of the GPUs' identities and of their evidence, by `gpuIdOf` and `gpuEvidenceHash`; zero where none is used. */
  readonly gpuId: Hex;
  readonly gpuEvidenceHash: Hex;
  readonly runtimeHash: Hex;
};

/** A TEE registry: the domain of what is bound and signed. */
export type TeeDomain = { readonly chainId: bigint; readonly registry: Address };

const bytes32 = "bytes32";
const bindingType = [
  { name: "nodeId", type: "uint32" },
  { name: "owner", type: "address" },
  { name: "signer", type: "address" },
  { name: "hpkeKey", type: bytes32 },
  { name: "gpuId", type: bytes32 },
  { name: "gpuEvidenceHash", type: bytes32 },
  { name: "runtimeHash", type: bytes32 },
] as const;
const attestType = [
  { name: "workloadId", type: bytes32 },
  { name: "binding", type: bytes32 },
  { name: "challenge", type: bytes32 },
  { name: "pckId", type: bytes32 },
  { name: "evaluation", type: "uint32" },
] as const;

/** First half of a quote's report data: the EIP-712 hash of the keys in the registry's domain. */
export function bindingHash(domain: TeeDomain, keys: TeeKeys): Hex {
  const message = { ...keys, nodeId: Number(keys.nodeId) };
  return hashTypedData({ domain: domainOf(domain), types: { Binding: bindingType }, primaryType: "Binding", message });
}

/** Second half: keccak256(abi.encode(hash of a recent block, nodeId, registry)). */
export function challengeHash(blockHash: Hex, nodeId: bigint, registry: Address): Hex {
  const types = [{ type: bytes32 }, { type: "uint32" }, { type: "address" }] as const;
  return keccak256(encodeAbiParameters(types, [blockHash, Number(nodeId), registry]));
}

/** What the signer signs besides: which workload the keys shall serve, and by what the quote is judged. */
export type AttestMessage = {
  readonly workloadId: Hex;
  readonly binding: Hex;
  readonly challenge: Hex;
  readonly pckId: Hex;
  readonly evaluation: number;
};

/** The same as typed data, for `signTypedData` with the signer's key. */
export function attestData(domain: TeeDomain, message: AttestMessage) {
  return { domain: domainOf(domain), types: { Attest: attestType }, primaryType: "Attest", message } as const;
}

/** The id of a workload: keccak256(abi.encode(who registered it, salt)). */
export function workloadIdOf(registrant: Address, salt: Hex): Hex {
  return keccak256(encodeAbiParameters([{ type: "address" }, { type: bytes32 }], [registrant, salt]));
}

const domainOf = ({ chainId, registry }: TeeDomain) =>
  ({ name: "Atoma TEE", version: "1", chainId, verifyingContract: registry }) satisfies TypedDataDomain;
