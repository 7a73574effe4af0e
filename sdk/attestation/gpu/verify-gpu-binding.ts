import { concat, type Hex } from "viem";
import { bindingHash, type TeeDomain, type TeeKeys } from "../binding.ts";
import { demand, EvidenceError, type Reason, reasonOf } from "../evidence-error.ts";
import type { GpuClaims } from "./claims.ts";
import { gpuEvidenceHash, gpuIdOf, gpuNonce } from "./gpu-hashes.ts";
import { type GpuEvidence, type GpuQuestion, verifyGpuEvidence } from "./verify-gpu-evidence.ts";

/** GPU evidence, and the quote that is said to stand for it. */
export type GpuBindingQuestion = Pick<GpuQuestion, "at" | "root" | "models"> & {
  /** All 64 bytes of a quote's report data; the quote is verified by `verifyQuote`. */
  readonly reportData: Hex;
  readonly domain: TeeDomain;
  readonly keys: TeeKeys;
  /** As `challengeHash` makes it. */
  readonly challenge: Hex;
  /** One for each GPU, in the order in which they were hashed. */
  readonly evidence: readonly GpuEvidence[];
};

/** The answer: what each GPU claims, in the order given, or why not. */
export type GpuBindingVerdict =
  | { readonly verdict: "accept"; readonly claims: readonly GpuClaims[]; readonly reason?: undefined }
  | { readonly verdict: "reject"; readonly claims?: undefined; readonly reason: Reason };

/**
 * Verifies that a TEE stands for its GPUs: the report data commits to the node's keys and the challenge, the keys name exactly
 * this evidence and these chips, no chip twice, and each GPU answered under the nonce of these keys. Bad evidence is a
 * verdict; arguments that make no sense throw a RangeError, as in `verifyGpuEvidence`.
 */
export function verifyGpuBinding(question: GpuBindingQuestion): GpuBindingVerdict {
  const { keys, challenge, evidence, reportData, domain, ...by } = question;
  const nonce = gpuNonce(keys.signer, keys.hpkeKey, challenge);
  try {
    checkReportData(reportData, concat([bindingHash(domain, keys), challenge]));
    checkEvidenceHash(keys, evidence);
    const verdicts = evidence.map((one) => verifyGpuEvidence({ ...one, ...by, nonce }));
    const claims: GpuClaims[] = [];
    for (const verdict of verdicts) {
      if (verdict.verdict === "reject") return verdict;
      claims.push(verdict.claims);
    }
    checkGpus(keys, claims);
    return { verdict: "accept", claims };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    return { verdict: "reject", reason: reasonOf(error) };
  }
}

function checkReportData(found: Hex, expected: Hex): void {
  const fault = `The quote's report data is ${found}, not ${expected}.`;
  demand(found.toLowerCase() === expected.toLowerCase(), "report-data", fault);
}

function checkEvidenceHash(keys: TeeKeys, evidence: readonly GpuEvidence[]): void {
  const hash = gpuEvidenceHash(evidence);
  const fault = `The GPU evidence has the hash ${hash}; the keys are bound with ${keys.gpuEvidenceHash}.`;
  demand(hash === keys.gpuEvidenceHash.toLowerCase(), "gpu-evidence-hash", fault);
}

function checkGpus(keys: TeeKeys, claims: readonly GpuClaims[]): void {
  const chips = new Set(claims.map(({ chip }) => chip));
  demand(
    chips.size === claims.length,
    "gpu-duplicate",
    `${claims.length} pieces of evidence are of ${chips.size} GPUs.`,
  );
  const gpuId = gpuIdOf(claims);
  const fault = `The GPUs have the id ${gpuId}; the keys are bound with ${keys.gpuId}.`;
  demand(gpuId === keys.gpuId.toLowerCase(), "gpu-id", fault);
}
