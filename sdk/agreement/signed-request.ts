import { type Address, type Hex, hashStruct, hashTypedData } from "viem";
import { decodeRequest, type RequestWords } from "../words/request.ts";
import { escrowDomain } from "./domain.ts";

const types = {
  SignedRequest: [
    { name: "requester", type: "address" },
    { name: "nonce", type: "uint256" },
    { name: "taskId", type: "uint256" },
    { name: "snapshotId", type: "uint256" },
    { name: "units", type: "uint256" },
    { name: "maxAsk", type: "uint256" },
    { name: "tip", type: "uint256" },
    { name: "k", type: "uint256" },
    { name: "quorum", type: "uint256" },
    { name: "version", type: "uint256" },
    { name: "submittedAt", type: "uint256" },
    { name: "round", type: "uint256" },
    { name: "items", type: "uint256" },
    { name: "flags", type: "uint256" },
    { name: "terms", type: "uint256" },
    { name: "inputDigest", type: "bytes32" },
  ],
} as const;

/** EIP-712 data of a request that travels inside its settlement, for `signTypedData`. Its sequence is the nonce. */
export function signedRequestData(chainId: bigint, escrow: Address, request: RequestWords) {
  const message = messageOf(request);
  return { domain: escrowDomain(chainId, escrow), types, primaryType: "SignedRequest", message } as const;
}

/** The 32 bytes that are signed for a signed request. */
export function signedRequestHash(chainId: bigint, escrow: Address, request: RequestWords): Hex {
  return hashTypedData(signedRequestData(chainId, escrow, request));
}

/** The EIP-712 struct hash. Equals `SignedRequests.structHash`. */
export function signedRequestStructHash(request: RequestWords): Hex {
  return hashStruct({ types, primaryType: "SignedRequest", data: messageOf(request) });
}

function messageOf(request: RequestWords) {
  const { sequence, submittedAtS, ...fields } = decodeRequest(request);
  return { ...fields, nonce: sequence, submittedAt: submittedAtS, terms: request.terms };
}
