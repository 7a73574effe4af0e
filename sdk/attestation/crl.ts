import type { Hex } from "viem";
import { sameBytes, toHex } from "./bytes.ts";
import type { Certificate } from "./certificate.ts";
import { contentOf, DerError, type DerElement, derTag, parseDer, sequenceOf } from "./der.ts";
import { enumeratedOf, smallIntegerOf, timeOf, unsignedOf } from "./der-values.ts";
import { demand } from "./evidence-error.ts";
import { isSigned } from "./signature.ts";
import { type Validity, within } from "./validity.ts";
import { checkAlgorithm, type Extension, extensionsOf, parseSigned, parsing } from "./x509.ts";

const reasonCode = "2.5.29.21";
const removeFromCrl = 8;
const maxReason = 10;
const serialBytes = 20;

/**
 * An X.509 v2 list of revoked certificates: by serial number, its bytes in hex without a leading zero, the offset of its entry in
 * the DER.
 */
export type Crl = {
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly issuer: Uint8Array;
  readonly validity: Validity;
  readonly revoked: ReadonlyMap<Hex, number>;
};

/** Parses strict DER: v2, both times, no critical extension. Throws an EvidenceError. */
export function parseCrl(der: Uint8Array, what: string): Crl {
  return parsing("crl-malformed", what, () => {
    const { signedBytes, fields, signature } = parseSigned(der);
    const [version, algorithm, issuer, thisUpdate, nextUpdate, ...rest] = fields;
    if (smallIntegerOf(version, 255) !== 1 || issuer === undefined) throw new DerError("It is not of version 2.");
    checkAlgorithm(algorithm);
    const entries = rest[0]?.tag === derTag.sequence ? rest.shift() : undefined;
    const extensions = rest.shift();
    if (rest.length > 0) throw new DerError("It has too many fields.");
    if (extensions !== undefined)
      refuseCritical(extensionsOf(parseDer(contentOf(extensions, derTag.context0))), [], what);
    return {
      signedBytes,
      signature,
      issuer: issuer.whole,
      validity: { from: timeOf(thisUpdate), until: timeOf(nextUpdate) },
      revoked: new Map(entriesOf(entries).map((entry) => [revokedSerialOf(entry, what), offsetIn(der, entry)])),
    };
  });
}

/** Throws an EvidenceError unless the list is the CA's own and valid at the clock. */
export function verifyCrl(crl: Crl, ca: Certificate, at: number, what: string): void {
  demand(ca.mayIssueCrls, "certificate-usage", `The certificate of ${ca.commonName} may not sign ${what}.`);
  const isNamed = sameBytes(crl.issuer, ca.subject);
  demand(isNamed, "crl-issuer", `${what} is not that of ${ca.commonName}.`);
  const { signedBytes: message, signature } = crl;
  const isGenuine = isSigned({ publicKey: ca.publicKey, message, signature });
  demand(isGenuine, "crl-signature", `${what} is not signed by ${ca.commonName}.`);
  within(crl.validity, at, what, "crl");
}

/** Throws an EvidenceError if the list names the certificate. */
export function checkNotRevoked(crl: Crl, { serial, commonName }: Certificate): void {
  const isRevoked = crl.revoked.has(toHex(serial));
  demand(!isRevoked, "certificate-revoked", `The ${commonName} certificate with serial ${toHex(serial)} is revoked.`);
}

/** A list of no entries is left out. */
function entriesOf(entries: DerElement | undefined): DerElement[] {
  const list = entries === undefined ? [] : sequenceOf(entries);
  if (entries !== undefined && list.length === 0) throw new DerError("Its list of entries is empty.");
  return list;
}

function offsetIn(der: Uint8Array, { whole }: DerElement): number {
  return whole.byteOffset - der.byteOffset; // an element's bytes are a view of those that were parsed
}

function revokedSerialOf(entry: DerElement, what: string): Hex {
  const [serial, date, extensions, ...rest] = sequenceOf(entry);
  if (rest.length > 0) throw new DerError("An entry has too many parts.");
  timeOf(date);
  if (extensions !== undefined) checkEntryExtensions(extensionsOf(extensions), what);
  const number = unsignedOf(serial);
  if (number.length > serialBytes) throw new DerError("A serial number is too long.");
  return toHex(number);
}

/** A reason must be one that revokes: only lists of changes, which are refused, take a revocation back. */
function checkEntryExtensions(extensions: Map<string, Extension>, what: string): void {
  refuseCritical(extensions, [reasonCode], what);
  const reason = extensions.get(reasonCode);
  if (reason === undefined) return;
  const isRevoked = enumeratedOf(parseDer(reason.value), maxReason) !== removeFromCrl;
  if (!isRevoked) throw new DerError("An entry takes a revocation back.");
}

/** Lists of mere changes and of one distribution point are marked by critical extensions. */
function refuseCritical(extensions: Map<string, Extension>, known: readonly string[], what: string): void {
  for (const [oid, { isCritical }] of extensions)
    demand(known.includes(oid) || !isCritical, "crl-unsupported", `${what} has a critical extension ${oid}.`);
}
