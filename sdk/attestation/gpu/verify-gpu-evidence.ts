import { type Hex, isHex, size } from "viem";
import { toHex } from "../bytes.ts";
import { demand, EvidenceError, type Reason, reasonOf } from "../evidence-error.ts";
import { isSigned, p384Sha384 } from "../signature.ts";
import { claimsOf, type GpuClaims } from "./claims.ts";
import {
  type DeviceChain,
  type DeviceContext,
  knownModels,
  parseDeviceChain,
  verifyDeviceChain,
} from "./device-chain.ts";
import { checkFirmwareId, firmwareIdOf } from "./firmware-id.ts";
import { nvidiaRootKeyHash } from "./nvidia-root.ts";
import { type GpuReport, parseGpuReport } from "./report.ts";

/** A GPU's own evidence: SPDM request and response in raw bytes, and its certificates in PEM, the leaf first. */
export type GpuEvidence = { readonly report: Uint8Array; readonly chain: string };

/** What to verify, and by what. */
export type GpuQuestion = GpuEvidence & {
  /** The 32 bytes that the GPU was asked with; not compared unless given. */
  readonly nonce?: Hex;
  /** The clock, in unix seconds. */
  readonly at: number;
  /** sha256 of the root's key (x || y, 96 bytes); NVIDIA's unless given. */
  readonly root?: Hex;
  /** Chips to accept; GH100 alone unless given. */
  readonly models?: readonly string[];
};

/** The answer. Nothing is claimed of evidence that is rejected, which comes with a reason. */
export type GpuVerdict =
  | { readonly verdict: "accept"; readonly claims: GpuClaims; readonly reason?: undefined }
  | { readonly verdict: "reject"; readonly claims?: undefined; readonly reason: Reason };

/**
 * Verifies a report of an NVIDIA GPU: its form, the nonce, who signed it, and the GPU's chain to NVIDIA's root. It does not
 * compare measurements with NVIDIA's reference values. Bad evidence is a verdict; only a nonce, a root, a clock or a model
 * that makes no sense throws, as a RangeError.
 */
export function verifyGpuEvidence(question: GpuQuestion): GpuVerdict {
  const context = contextOf(question);
  try {
    return { verdict: "accept", claims: establish(question, context) };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    return { verdict: "reject", reason: reasonOf(error) };
  }
}

function establish({ report: bytes, chain: pem, nonce }: GpuQuestion, context: DeviceContext): GpuClaims {
  const report = parseGpuReport(bytes);
  const chain = parseDeviceChain(pem);
  if (nonce !== undefined) checkNonce(report, nonce);
  checkSigned(report, chain);
  const model = verifyDeviceChain(chain, context);
  const firmwareId = firmwareIdOf(chain.leaf);
  checkFirmwareId(report.opaque, firmwareId);
  return claimsOf(report, chain, model, firmwareId);
}

function checkNonce({ nonce }: GpuReport, expected: Hex): void {
  const found = toHex(nonce);
  const fault = `The GPU was asked with the nonce ${found}, not with ${expected}.`;
  demand(found === expected.toLowerCase(), "gpu-nonce", fault);
}

function checkSigned({ signedBytes: message, signature }: GpuReport, { leaf: { publicKey } }: DeviceChain): void {
  const isGenuine = isSigned({ publicKey, message, signature }, p384Sha384);
  demand(isGenuine, "gpu-report-signature", "The leaf certificate's key did not sign the GPU's report.");
}

function contextOf({ at, nonce, root = nvidiaRootKeyHash, models = knownModels }: GpuQuestion): DeviceContext {
  if (!Number.isFinite(at)) throw new RangeError(`The clock ${at} is no number of seconds.`);
  for (const word of [root, ...(nonce === undefined ? [] : [nonce])])
    if (!isHex(word) || size(word) !== 32) throw new RangeError(`Nonces and hashes have 32 bytes in hex: ${word}`);
  for (const model of models)
    if (!/^[A-Z0-9]+$/.test(model)) throw new RangeError(`A chip is named like GH100: ${model}`);
  return { at, root, models };
}
