/** What to do about each error of TEE evidence: workloads, bindings, quotes. `{name}` stands for the error's argument of that name. */
export const teeSentences = {
  UnknownWorkload: "Workload {workloadId} is not registered. Check the id, or register it first.",
  WorkloadExists: "Workload {workloadId} is registered already. Choose another salt.",
  WorkloadIsRevoked: "Workload {workloadId} is revoked for good. Use a task that names another one.",
  NotWorkloadOwner: "{caller} does not own workload {workloadId}. Only its owner may do this.",
  WorkloadFieldOutOfBounds: "The workload's {field} is {value}, which is outside its bounds. See the registry's page.",
  NotTighter: "A workload can only be made stricter. Register another one for what is looser.",
  WrongTee: "The quote is of TEE type {tee}, the workload is for {expected}. Quote inside the right kind of TEE.",
  MeasurementNotAllowed:
    "The workload does not allow measurement {measurement}, or only from {activeAt} on (0: never). Run what it allows.",
  IsvSvnTooLow: "The enclave's version is {isvSvn}, at least {least} is allowed. Run a newer one.",
  StatusNotAllowed: "The platform's TCB status is {status}, which the workload does not allow. Update the machine.",
  EvaluationTooLow:
    "Collateral of evaluation {evaluation} is too old, {least} is the least. Post and name a newer one.",
  WrongBinding:
    "The quote is about {found}, and these keys hash to {expected}. Quote again for this node and registry.",
  WrongChallenge: "The quote's challenge is {found}, and that block's is {expected}. Quote again with a recent block.",
  ChallengeTooOld: "Block {blockNumber} is too old, or not mined yet. Quote again with a recent one.",
  ChallengeNotNewer:
    "The key is bound by a quote of block {bound}, and block {blockNumber} is not later. Quote again with a later block.",
  UnknownNode: "Nobody owns node {nodeId}. Register it first.",
  NotSignedBySigner: "{recovered} signed the registration, not the key in it. Sign inside the TEE with that key.",
  MachineTaken: "Machine {ppid} backs node {nodeId} until {until} (Unix seconds). Use another one, or wait.",
  GpuTaken: "GPUs {gpuId} back node {nodeId} until {until} (Unix seconds). Use others, or wait.",
  KeyIsRevoked: "Its owner revoked key {signer} for workload {workloadId}. Make another key.",
  UnknownBinding: "Key {signer} is not bound to workload {workloadId}. Nothing is to be done.",
  OtherEvidence: "The binding was made by another certificate or measurement. Take both from its event.",
  StillAllowed: "Certificate, measurement and evaluation of the binding are still allowed. It cannot be ended.",
  EvidenceNotLive:
    "The key of a member that attested is not bound to the task's workload now. Leave it out, or renew its evidence.",
  UnknownQuoteVersion: "Quotes of version word {version} are not known. Only versions 3, 4 and 5 can be verified.",
  UnknownKeyType: "Attestation keys of type word {keyType} are not known. Only ECDSA on P-256 can be verified.",
  UnknownQeVendor: "{vendorId} is not Intel's quoting enclave. Quote with Intel's.",
  UnknownTee: "TEE type word {teeType} is not known for this version of quotes. Only SGX and TDX are.",
  UnknownBody:
    "A body of type word {bodyType} and size word {size} is not known. A newer format needs a newer verifier.",
  WrongQuoteLength: "The signed part has {length} bytes, its header calls for {expected}. Take the quote apart again.",
  WrongReportLength: "The quoting enclave's report has {length} bytes instead of 384. Take the quote apart again.",
  DebugEnabled: "The TEE runs under debug: its host can read it. Start it without.",
  ReservedBitsSet: "Reserved bits at offset {offset} of the report are set. A newer format needs a newer verifier.",
  WrongKeyHash: "The quoting enclave reported another attestation key. Take the quote apart again.",
  WrongQeSignature:
    "The machine's certificate did not sign the quoting enclave's report. Check which certificate it is.",
  WrongQuoteSignature: "The attestation key did not sign this quote. It was changed, or the key is another one.",
  UnknownAttestationKey: "Attestation key {attestationKeyId} is not registered. Register it first.",
  WrongPceId: "The certificate is for PCE {pceId}, the TCB info for {expected}. Post the TCB info of this platform.",
  NoTcbLevel: "The platform, its TDX module or its quoting enclave is below every level that Intel lists. Update it.",
} as const satisfies Readonly<Record<string, string>>;
