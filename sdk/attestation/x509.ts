import { contentOf, DerError, type DerElement, derTag, elementsOf, parseDer, sequenceOf } from "./der.ts";
import { asciiOf, booleanOf, oidOf, unsignedOf, wholeBytesOf } from "./der-values.ts";
import { EvidenceError, type ReasonCode } from "./evidence-error.ts";
import { type EcdsaSuite, p256Sha256 } from "./signature.ts";

const commonNameOid = "2.5.4.3";
const nameSerialOid = "2.5.4.5";

/** What certificates and CRLs have in common: signed bytes, who is said to have signed them, and r || s. */
export type Signed = {
  readonly signedBytes: Uint8Array;
  readonly fields: readonly DerElement[];
  readonly signature: Uint8Array;
};

/** An extension of a certificate or CRL, or of one of its entries. */
export type Extension = { readonly isCritical: boolean; readonly value: Uint8Array };

/** Runs a parser; strict DER that it does not find becomes an EvidenceError of this code. */
export function parsing<T>(code: ReasonCode, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw new EvidenceError(code, `${what} is malformed: ${cause.message}`, { cause });
  }
}

/**
 * Splits SEQUENCE { signed part, algorithm, signature }. No algorithm but the suite's is known, ecdsa-with-SHA256 unless
 * another is given. Throws a DerError.
 */
export function parseSigned(der: Uint8Array, suite: EcdsaSuite = p256Sha256): Signed {
  const [body, algorithm, signature, ...rest] = sequenceOf(parseDer(der));
  if (body === undefined || rest.length > 0) throw new DerError("It does not consist of three parts.");
  checkAlgorithm(algorithm, suite);
  const pair = pairOf(wholeBytesOf(signature), suite.numberBytes);
  return { signedBytes: body.whole, fields: sequenceOf(body), signature: pair };
}

/** Throws a DerError unless the algorithm identifier is the suite's, without parameters. */
export function checkAlgorithm(algorithm: DerElement | undefined, suite: EcdsaSuite = p256Sha256): void {
  const [oid, ...parameters] = sequenceOf(algorithm);
  if (oidOf(oid) !== suite.signatureOid || parameters.length > 0)
    throw new DerError(`It is not signed by ECDSA, ${suite.hash}.`);
}

/** r || s of SEQUENCE { r, s }, each of at most so many bytes. */
function pairOf(der: Uint8Array, numberBytes: number): Uint8Array {
  const [r, s, ...rest] = sequenceOf(parseDer(der));
  if (rest.length > 0) throw new DerError("A signature has more than two numbers.");
  const pair = new Uint8Array(2 * numberBytes);
  for (const [index, element] of [r, s].entries()) {
    const number = unsignedOf(element);
    if (number.length > numberBytes) throw new DerError("A number of a signature is too long.");
    pair.set(number, numberBytes * (index + 1) - number.length);
  }
  return pair;
}

/** The only common name of a distinguished name. Throws a DerError if it has none or several. */
export function commonNameOf(name: DerElement | undefined): string {
  return attributeTextOf(name, commonNameOid, "common name");
}

/** The only serial number that a distinguished name holds as an attribute. Throws a DerError if it has none or several. */
export function nameSerialOf(name: DerElement | undefined): string {
  return attributeTextOf(name, nameSerialOid, "serial number in its name");
}

function attributeTextOf(name: DerElement | undefined, wanted: string, what: string): string {
  const names = sequenceOf(name).map(attributeOf);
  const [{ value } = {}, ...others] = names.filter(({ oid }) => oid === wanted);
  if (value === undefined || others.length > 0) throw new DerError(`It has not one ${what}.`);
  return asciiOf(contentOf(value, value.tag === derTag.printableString ? value.tag : derTag.utf8String));
}

/** SET { SEQUENCE { object identifier, value } }: each set has one attribute. */
function attributeOf(set: DerElement): { oid: string; value: DerElement } {
  const [attribute, ...others] = elementsOf(contentOf(set, derTag.set));
  const [oid, value, ...rest] = sequenceOf(attribute);
  if (value === undefined || others.length + rest.length > 0) throw new DerError("A name is malformed.");
  return { oid: oidOf(oid), value };
}

/** Extensions by object identifier. Throws a DerError if one comes twice. */
export function extensionsOf(list: DerElement | undefined): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const extension of sequenceOf(list)) {
    const [first, ...others] = sequenceOf(extension);
    const [value, critical] = [others.pop(), others.pop()];
    if (others.length > 0) throw new DerError("An extension has too many parts.");
    const isCritical = critical !== undefined && booleanOf(critical);
    if (critical !== undefined && !isCritical) throw new DerError("A default value is written out.");
    const oid = oidOf(first);
    if (extensions.has(oid)) throw new DerError(`Extension ${oid} comes twice.`);
    extensions.set(oid, { isCritical, value: contentOf(value, derTag.octetString) });
  }
  if (extensions.size === 0) throw new DerError("A list of extensions is empty.");
  return extensions;
}
