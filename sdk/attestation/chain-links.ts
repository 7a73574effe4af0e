import { sameBytes } from "./bytes.ts";
import type { Certificate } from "./certificate.ts";
import { demand } from "./evidence-error.ts";
import { type EcdsaSuite, isSigned } from "./signature.ts";
import { within } from "./validity.ts";

/** Throws an EvidenceError unless the certificate signs data and issues nothing. */
export function checkLeaf({ isCa, mayDigitallySign, mayIssueCertificates }: Certificate, name: string): void {
  demand(!isCa && !mayIssueCertificates, "certificate-usage", `${name} is a leaf, but may issue certificates.`);
  demand(mayDigitallySign, "certificate-usage", `${name} may not sign data.`);
}

/** Throws an EvidenceError unless the certificate may issue others, with so many CAs below it. */
export function checkCa({ isCa, pathLength, mayIssueCertificates }: Certificate, casBelow: number, name: string): void {
  demand(isCa && mayIssueCertificates, "certificate-usage", `${name} may not issue certificates.`);
  const isLongEnough = pathLength === undefined || pathLength >= casBelow;
  demand(isLongEnough, "certificate-usage", `${name} may not have ${casBelow} CAs below it.`);
}

/** Throws an EvidenceError unless the certificate is valid at the clock, in unix seconds. */
export function checkValidity({ notBefore, notAfter }: Certificate, name: string, at: number): void {
  within({ from: notBefore, until: notAfter }, at, name, "certificate");
}

/** Throws an EvidenceError unless the issuer's name is the one in the certificate, byte by byte, and its key signed it. */
export function checkIssued(certificate: Certificate, issuer: Certificate, name: string, suite?: EcdsaSuite): void {
  const isNamed = sameBytes(certificate.issuer, issuer.subject);
  demand(isNamed, "certificate-name", `${name} does not name the next certificate as its issuer.`);
  const { signedBytes: message, signature } = certificate;
  const isGenuine = isSigned({ publicKey: issuer.publicKey, message, signature }, suite);
  demand(isGenuine, "certificate-signature", `${name} is not signed by ${issuer.commonName}.`);
}
