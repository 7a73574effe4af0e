/** Mints X.509 certificates in the layout of Intel's, on the curves of their keys. */
import { concat, numberOf } from "./bytes.ts";
import { bitString, explicit, integer, oid, sequence, time } from "./der.ts";
import {
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoint,
  keyIdentifier,
  keyUsage,
  subjectKeyIdentifier,
  type KeyUsage,
} from "./extensions.ts";
import { sign, signatureDer, type KeyPair, type SChoice } from "./key.ts";
import { sgxExtension, type SgxExtension } from "./sgx-extension.ts";

export type CertificateOptions = {
  /** Encoded names. */
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly key: KeyPair;
  readonly issuerKey: KeyPair;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** By default the subject's key identifier, as in Intel's certificates of authorities. */
  readonly serial?: bigint;
  readonly isCa?: boolean;
  readonly pathLength?: number;
  readonly keyUsage?: readonly KeyUsage[];
  readonly crlUrl?: string;
  readonly sgx?: SgxExtension;
  /** Put after the usual extensions. */
  readonly moreExtensions?: readonly Uint8Array[];
  /** In place of all extensions. */
  readonly extensions?: readonly Uint8Array[];
  /** X.509 version minus one; undefined: 2. */
  readonly version?: number;
  readonly subjectKeyInfo?: Uint8Array;
  readonly innerAlgorithm?: Uint8Array;
  readonly outerAlgorithm?: Uint8Array;
  readonly encodeTime?: (unixS: number) => Uint8Array;
  readonly s?: SChoice;
  /** The signed part, changed before it is signed. */
  readonly alterSigned?: (signed: Uint8Array) => Uint8Array;
  /** The whole, changed after it was signed. */
  readonly alterWhole?: (der: Uint8Array) => Uint8Array;
};

export type Certificate = {
  readonly der: Uint8Array;
  /** The part that is signed. */
  readonly signed: Uint8Array;
  readonly key: KeyPair;
  readonly subject: Uint8Array;
  readonly serial: bigint;
  /** What it was made of, to make it again with a difference. */
  readonly options: CertificateOptions;
};

export const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));
const ecdsaWithSha384 = sequence(oid("1.2.840.10045.4.3.3"));

const algorithmOf = ({ curve }: KeyPair): Uint8Array => (curve === "P-256" ? ecdsaWithSha256 : ecdsaWithSha384);
const curveOids = { "P-256": "1.2.840.10045.3.1.7", "P-384": "1.3.132.0.34" } as const;

/** An uncompressed key. */
export const subjectKeyInfo = (key: KeyPair): Uint8Array =>
  sequence(
    sequence(oid("1.2.840.10045.2.1"), oid(curveOids[key.curve])),
    bitString(concat(Uint8Array.of(4), key.point)),
  );

const usualExtensions = (options: CertificateOptions): Uint8Array[] => {
  const { isCa = false, pathLength, crlUrl, sgx, moreExtensions = [] } = options;
  const usages = options.keyUsage ?? (isCa ? ["keyCertSign", "cRLSign"] : ["digitalSignature", "nonRepudiation"]);
  return [
    authorityKeyIdentifier(keyIdentifier(options.issuerKey)),
    ...(crlUrl === undefined ? [] : [crlDistributionPoint(crlUrl)]),
    subjectKeyIdentifier(keyIdentifier(options.key)),
    keyUsage(usages),
    basicConstraints({ isCa, pathLength }),
    ...(sgx === undefined ? [] : [sgxExtension(sgx)]),
    ...moreExtensions,
  ];
};

const signedPart = (options: CertificateOptions, serial: bigint): Uint8Array => {
  const { version = 2, encodeTime = time } = options;
  const extensions = options.extensions ?? usualExtensions(options);
  return sequence(
    explicit(0, integer(version)),
    integer(serial),
    options.innerAlgorithm ?? algorithmOf(options.issuerKey),
    options.issuer,
    sequence(encodeTime(options.notBefore), encodeTime(options.notAfter)),
    options.subject,
    options.subjectKeyInfo ?? subjectKeyInfo(options.key),
    ...(extensions.length === 0 ? [] : [explicit(3, sequence(...extensions))]),
  );
};

const unchanged = (bytes: Uint8Array): Uint8Array => bytes;

export const mintCertificate = (options: CertificateOptions): Certificate => {
  const { key, subject, alterSigned = unchanged, alterWhole = unchanged } = options;
  const serial = options.serial ?? numberOf(keyIdentifier(key));
  const signed = alterSigned(signedPart(options, serial));
  const signature = signatureDer(sign(signed, options.issuerKey, options.s));
  const der = alterWhole(
    sequence(signed, options.outerAlgorithm ?? algorithmOf(options.issuerKey), bitString(signature)),
  );
  return { der, signed, key, subject, serial, options };
};
