import { contentOf, DerError, type DerElement, derTag, parseDer, sequenceOf } from "./der.ts";
import { booleanOf, namedBitsOf, oidOf, smallIntegerOf, timeOf, unsignedOf, wholeBytesOf } from "./der-values.ts";
import { demand } from "./evidence-error.ts";
import { type EcdsaSuite, p256Sha256 } from "./signature.ts";
import { checkAlgorithm, commonNameOf, type Extension, extensionsOf, parseSigned, parsing } from "./x509.ts";

const oids = {
  ecPublicKey: "1.2.840.10045.2.1",
  keyUsage: "2.5.29.15",
  basicConstraints: "2.5.29.19",
  sgx: "1.2.840.113741.1.13.1",
} as const;
const serialBytes = 20;

/** What a vendor's certificates are: how they are signed, what keys they hold, which critical extensions are understood. */
export type CertificateProfile = { readonly suite: EcdsaSuite; readonly understood: readonly string[] };

/** Extensions that every profile understands. */
export const usageExtensions: readonly string[] = [oids.keyUsage, oids.basicConstraints];

const intelProfile: CertificateProfile = { suite: p256Sha256, understood: [...usageExtensions, oids.sgx] };

/** What a certificate may be used for. `pathLength` is how many CAs may stand below it; undefined is any number. */
export type CertificateUse = {
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  readonly mayDigitallySign: boolean;
  readonly mayIssueCertificates: boolean;
  readonly mayIssueCrls: boolean;
};

/** An X.509 v3 certificate. The key is x || y, the signature r || s. Names are the bytes of the DER, times are unix seconds. */
export type Certificate = CertificateUse & {
  readonly der: Uint8Array;
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly serial: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly commonName: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: Uint8Array;
  readonly sgxExtension: Uint8Array | undefined;
  /** By object identifier. */
  readonly extensions: ReadonlyMap<string, Extension>;
};

/**
 * Parses strict DER of a profile, Intel's unless another is given. Nothing is verified but form: v3, key and signature of the
 * profile's curve, no unknown critical extension. Throws an EvidenceError.
 */
export function parseCertificate(der: Uint8Array, what: string, profile = intelProfile): Certificate {
  const { suite, understood } = profile;
  return parsing("certificate-malformed", what, () => {
    const { signedBytes, fields, signature } = parseSigned(der, suite);
    const [version, serial, algorithm, issuer, validity, subject, key, extensions, ...rest] = fields;
    if (issuer === undefined || subject === undefined || rest.length > 0)
      throw new DerError("It has not eight fields.");
    checkVersion(version);
    checkAlgorithm(algorithm, suite);
    const found = extensionsOf(parseDer(contentOf(extensions, derTag.context3)));
    for (const [oid, { isCritical }] of found)
      demand(
        understood.includes(oid) || !isCritical,
        "certificate-unsupported",
        `${what} has a critical extension ${oid}.`,
      );
    return {
      der,
      signedBytes,
      signature,
      serial: serialOf(serial),
      issuer: issuer.whole,
      subject: subject.whole,
      commonName: commonNameOf(subject),
      ...validityOf(validity),
      publicKey: publicKeyOf(key, suite),
      ...useOf(found),
      sgxExtension: found.get(oids.sgx)?.value,
      extensions: found,
    };
  });
}

/** A serial number's bytes: positive, of at most 20 bytes. */
function serialOf(element: DerElement | undefined): Uint8Array {
  const serial = unsignedOf(element);
  if (serial.length > serialBytes) throw new DerError("A serial number is too long.");
  if (serial[0] === 0) throw new DerError("A serial number is zero.");
  return serial;
}

function checkVersion(version: DerElement | undefined): void {
  const number = smallIntegerOf(parseDer(contentOf(version, derTag.context0)), 255);
  if (number !== 2) throw new DerError("It is not of version 3.");
}

function validityOf(validity: DerElement | undefined): { notBefore: number; notAfter: number } {
  const [from, to, ...rest] = sequenceOf(validity);
  if (rest.length > 0) throw new DerError("A validity has more than two times.");
  return { notBefore: timeOf(from), notAfter: timeOf(to) };
}

/** x || y of an uncompressed key of the suite's curve. */
function publicKeyOf(element: DerElement | undefined, suite: EcdsaSuite): Uint8Array {
  const [algorithm, bits, ...rest] = sequenceOf(element);
  const [type, curve, ...parameters] = sequenceOf(algorithm);
  const isOnCurve = oidOf(type) === oids.ecPublicKey && oidOf(curve) === suite.curveOid;
  const key = wholeBytesOf(bits);
  if (!isOnCurve || rest.length + parameters.length > 0) throw new DerError(`Its key is not of ${suite.curve}.`);
  if (key.length !== 1 + 2 * suite.numberBytes || key[0] !== 4) throw new DerError("Its key is not uncompressed.");
  return key.subarray(1);
}

function useOf(extensions: Map<string, Extension>): CertificateUse {
  const constraints = extensions.get(oids.basicConstraints);
  const usage = extensions.get(oids.keyUsage);
  const [ca, path, ...rest] = constraints === undefined ? [] : sequenceOf(parseDer(constraints.value));
  const isCa = ca !== undefined && booleanOf(ca);
  if (rest.length > 0 || (ca !== undefined && !isCa)) throw new DerError("Its basic constraints are malformed.");
  const bits = usage === undefined ? [] : namedBitsOf(parseDer(usage.value));
  return {
    isCa,
    pathLength: path === undefined ? undefined : smallIntegerOf(path, 255),
    mayDigitallySign: bits[0] === true,
    mayIssueCertificates: bits[5] === true,
    mayIssueCrls: bits[6] === true,
  };
}
