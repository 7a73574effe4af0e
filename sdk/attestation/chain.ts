import { sameBytes, toHex } from "./bytes.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { checkCa, checkIssued, checkLeaf, checkValidity } from "./chain-links.ts";
import { demand } from "./evidence-error.ts";
import type { Validity } from "./validity.ts";

/** Common names that Intel's certificates have. */
export const commonNames = {
  root: ["Intel SGX Root CA"],
  pckCa: ["Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"],
  pck: ["Intel SGX PCK Certificate"],
  tcbSigner: ["Intel SGX TCB Signing"],
} as const satisfies Record<string, readonly string[]>;

/** What a certificate is in its chain. */
export type Role = keyof typeof commonNames;

/** What each certificate of a chain is, the root last. */
export type ChainShape = readonly Role[];

/** What a chain is checked against: the clock and the pinned root key (x || y). */
export type ChainContext = { readonly at: number; readonly rootKey: Uint8Array };

/**
 * Parses and verifies a chain from its leaf to its self-signed root, which must have the pinned key: number and names of
 * certificates, who issued which, who may issue, validity at the clock, signatures. Throws an EvidenceError.
 */
export function verifyChain(ders: readonly Uint8Array[], shape: ChainShape, what: string, context: ChainContext) {
  const count = `${what} has ${ders.length} certificates instead of ${shape.length}.`;
  demand(ders.length === shape.length, "chain-length", count);
  const chain = ders.map((der, i) => parseCertificate(der, `${what}, certificate ${i + 1}`));
  for (const [i, certificate] of chain.entries()) {
    const name = `The ${certificate.commonName} certificate of ${what}`;
    checkRole(certificate, shape[i] ?? "root", shape.slice(0, i), name);
    checkValidity(certificate, name, context.at);
    checkIssued(certificate, chain[i + 1] ?? certificate, name);
  }
  const rootKey = chain.at(-1)?.publicKey ?? new Uint8Array();
  demand(
    sameBytes(rootKey, context.rootKey),
    "root-unknown",
    `The root of ${what} has the key ${toHex(rootKey)}, which is not the pinned one.`,
  );
  return chain;
}

/** The time in which every certificate is valid. */
export function validityOfCertificates(chain: readonly Certificate[]): Validity[] {
  return chain.map(({ notBefore, notAfter }) => ({ from: notBefore, until: notAfter }));
}

/** Name and use: leaves sign data, all others issue certificates. */
function checkRole(certificate: Certificate, role: Role, below: ChainShape, name: string): void {
  const names: readonly string[] = commonNames[role];
  const expected = `${name} should be that of ${names.join(" or ")}.`;
  demand(names.includes(certificate.commonName), "certificate-name", expected);
  if (isCaRole(role)) return checkCa(certificate, below.filter(isCaRole).length, name);
  checkLeaf(certificate, name);
}

const isCaRole = (role: Role): boolean => role === "root" || role === "pckCa";
