import { concatBytes } from "@noble/hashes/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { isZero, sameBytes } from "./bytes.ts";
import type { Certificate } from "./certificate.ts";
import { demand } from "./evidence-error.ts";
import type { Quote } from "./quote.ts";
import { parseSgxReport } from "./report-sgx.ts";
import { isSigned } from "./signature.ts";

/** Throws an EvidenceError unless the attestation key signed header and body, and the quoting enclave reported that key. */
export function checkAttestationKey({ attestationKey, authData, qeReport, ...quote }: Quote): void {
  const { signedBody: message, signature } = quote;
  const isGenuine = isSigned({ publicKey: attestationKey, message, signature });
  demand(isGenuine, "quote-signature", "The attestation key did not sign the quote's header and body.");
  const { reportData } = parseSgxReport(qeReport);
  const digest = sha256(concatBytes(attestationKey, authData));
  const isReported = sameBytes(reportData.subarray(0, 32), digest) && isZero(reportData.subarray(32));
  demand(isReported, "qe-report-data", "The quoting enclave's report names another attestation key.");
}

/** Throws an EvidenceError unless the machine's PCK signed the quoting enclave's report. */
export function checkQeReport({ qeReport, qeReportSignature }: Quote, { publicKey }: Certificate): void {
  const isGenuine = isSigned({ publicKey, message: qeReport, signature: qeReportSignature });
  demand(isGenuine, "qe-report-signature", "The PCK certificate's key did not sign the quoting enclave's report.");
}
