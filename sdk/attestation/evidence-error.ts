/** What to do about each reason for which evidence is refused. The keys are the reason codes. */
export const adviceOf = {
  "quote-malformed": "Ask the quoting service for the quote again and pass its bytes unchanged.",
  "quote-unsupported": "Only ECDSA P-256 quotes of Intel's own quoting enclave, versions 3, 4 and 5, can be verified.",
  "quote-signature": "The quote was changed after it was made, or it was never made by this quoting enclave.",
  "qe-report-signature": "The quoting enclave's report does not come from the machine of the certificate chain.",
  "qe-report-data": "The attestation key is not the one that the quoting enclave reported.",
  "qe-report-reserved": "A genuine report of the quoting enclave has zeros there.",
  "report-reserved": "A genuine report has zeros there; a newer report format needs a newer verifier.",
  debug: "Run the workload without debugging: its host can read all that a debugged one holds.",
  "td-attributes": "Start the TD without these attributes, or use a verifier that knows them.",
  "seam-attributes": "Use the production TDX module.",
  "service-td": "Name the service TD's measurement as allowed if it is meant to be there.",
  "pem-malformed": "Pass certificates as consecutive PEM blocks with nothing between or after them.",
  "chain-length": "The chain must hold exactly the expected certificates, from the leaf to the root.",
  "certificate-malformed": "Fetch the certificates again.",
  "certificate-unsupported": "The certificate uses something that this verifier does not know.",
  "certificate-name": "The chain must lead by name from the root through its CAs to the leaf.",
  "certificate-usage": "Only a CA may issue certificates and CRLs, and only a leaf may sign data.",
  "certificate-not-yet-valid": "Check the clock.",
  "certificate-expired": "Check the clock, and fetch the certificates again.",
  "certificate-signature": "Its issuer did not sign it: fetch the certificates again.",
  "root-unknown": "The chain must end in the pinned root key, the vendor's unless another was asked for.",
  "sgx-extension": "Use the PCK certificate that Intel issued for this machine.",
  "certificate-revoked": "Intel no longer vouches for this key: do not trust the machine.",
  "crl-malformed": "Fetch the certificate revocation list again.",
  "crl-unsupported": "The list uses something that this verifier does not know.",
  "crl-issuer": "Fetch the list of the CA that issued the certificate.",
  "crl-signature": "Its CA did not sign it: fetch the list again.",
  "crl-not-yet-valid": "Check the clock.",
  "crl-expired": "Fetch the certificate revocation list again.",
  "collateral-malformed": "Fetch the collateral again and pass the signed texts unchanged.",
  "collateral-signature": "Fetch the collateral again and pass the signed texts unchanged.",
  "collateral-not-yet-valid": "Check the clock.",
  "collateral-expired": "Fetch the collateral again.",
  "collateral-mismatch": "Fetch the collateral of this quote's kind of TEE and of its machine's FMSPC.",
  "qe-identity-mismatch":
    "The quoting enclave is not the one that Intel describes: update the machine's DCAP packages.",
  "qe-level-missing": "Update the machine's DCAP packages.",
  "tdx-module-mismatch": "Use a TDX module that Intel signed and lists in the TCB info.",
  "tdx-module-level-missing": "Update the TDX module.",
  "tcb-level-missing": "Update the machine's firmware and microcode, then have its PCK certificate issued again.",
  "status-not-allowed": "Update the machine, or allow this status where its advisories are acceptable.",
  "gpu-report-malformed": "Ask the GPU for its report again and pass request and response unchanged.",
  "gpu-report-unsupported":
    "Only signed SPDM 1.1 reports of all measurements, as SHA-384 digests, with the versions of driver and VBIOS, can be verified.",
  "gpu-report-signature": "The report was changed after it was made, or another GPU made it.",
  "gpu-nonce": "Ask the GPU for a report under this nonce.",
  "gpu-model": "Use a GPU of a chip that is accepted, or accept its chip by name.",
  "gpu-firmware":
    "The chain must be the one that the GPU has for the firmware it runs: fetch report and chain together.",
  "gpu-duplicate": "Each GPU counts once.",
  "gpu-id": "Name exactly the GPUs whose evidence is given.",
  "gpu-evidence-hash": "Give exactly the evidence, in the order, that the node's keys are bound with.",
  "report-data": "The quote must be made after the GPUs' evidence, over keys, evidence and challenge together.",
} as const;

/** Why evidence is refused, for programs. */
export type ReasonCode = keyof typeof adviceOf;

/** Why evidence is refused: the code, and a sentence that says what is wrong and what to do. */
export type Reason = { readonly code: ReasonCode; readonly sentence: string };

/** Evidence that is refused. Parsers and checks throw it; `verifyQuote` and `verifyGpuEvidence` turn it into a reason. */
export class EvidenceError extends Error {
  override readonly name = "EvidenceError";
  readonly code: ReasonCode;
  constructor(code: ReasonCode, fault: string, options?: ErrorOptions) {
    super(fault, options);
    this.code = code;
  }
}

/** Throws an EvidenceError unless the condition holds. */
export function demand(condition: boolean, code: ReasonCode, fault: string): asserts condition {
  if (!condition) throw new EvidenceError(code, fault);
}

/** The reason of an error: a fault, then what to do about it. */
export function reasonOf({ code, message }: EvidenceError): Reason {
  return { code, sentence: `${message} ${adviceOf[code]}` };
}
