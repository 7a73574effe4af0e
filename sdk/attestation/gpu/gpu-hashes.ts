import {
  type Address,
  concat,
  encodeAbiParameters,
  type Hex,
  keccak256,
  sha256,
  size,
  stringToHex,
  zeroHash,
} from "viem";
import { toHex } from "../bytes.ts";
import { parsePem } from "../pem.ts";
import type { GpuClaims } from "./claims.ts";
import type { GpuEvidence } from "./verify-gpu-evidence.ts";

const nonceTag = stringToHex("ATOMA_GPU_V1");
const evidenceType = [
  {
    type: "tuple[]",
    components: [
      { name: "report", type: "bytes" },
      { name: "certificates", type: "bytes[]" },
    ],
  },
] as const;

/**
 * What the GPUs of a node are asked with: sha256("ATOMA_GPU_V1" || signer || hpkeKey || challenge), of 12, 20, 32 and 32 bytes.
 * The challenge is the second half of the quote's report data. Throws a RangeError where a length is another.
 */
export function gpuNonce(signer: Address, hpkeKey: Hex, challenge: Hex): Hex {
  const isWhole = size(signer) === 20 && size(hpkeKey) === 32 && size(challenge) === 32;
  if (!isWhole) throw new RangeError("A signer has 20 bytes, an HPKE key and a challenge have 32.");
  return sha256(concat([nonceTag, signer, hpkeKey, challenge]));
}

/**
 * What `Keys.gpuEvidenceHash` has to be: keccak256(abi.encode((bytes report, bytes[] certificates)[])), one for each GPU in the
 * order given, certificates in DER from the leaf to the root; zero for no GPU. Throws an EvidenceError where a chain is no PEM.
 */
export function gpuEvidenceHash(evidence: readonly GpuEvidence[]): Hex {
  if (evidence.length === 0) return zeroHash;
  const gpus = evidence.map(({ report, chain }) => ({
    report: toHex(report),
    certificates: parsePem(chain, "the GPU's chain").map(toHex),
  }));
  return keccak256(encodeAbiParameters(evidenceType, [gpus]));
}

/** What `Keys.gpuId` has to be: keccak256 of the chips' identities, 32 bytes each, in ascending order; zero for no GPU. */
export function gpuIdOf(claims: readonly Pick<GpuClaims, "chip">[]): Hex {
  return claims.length === 0 ? zeroHash : keccak256(concat(claims.map(({ chip }) => chip).sort()));
}
