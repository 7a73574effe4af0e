/** Mints certificate revocation lists in the layout of Intel's. */
import { bitString, explicit, integer, sequence, time } from "./der.ts";
import { ecdsaWithSha256 } from "./certificate.ts";
import { authorityKeyIdentifier, crlNumber, keyIdentifier, reasonCode } from "./extensions.ts";
import { sign, signatureDer, type KeyPair, type SChoice } from "./key.ts";

export type Revoked = {
  readonly serial: bigint;
  /** Unix seconds; by default the list's `thisUpdate`. */
  readonly at?: number;
  /** RFC 5280, section 5.3.1; 1 is key compromise, which Intel gives. Null leaves the entry without extensions. */
  readonly reason?: number | null;
};

export type CrlOptions = {
  /** Encoded name. */
  readonly issuer: Uint8Array;
  readonly issuerKey: KeyPair;
  /** Unix seconds. */
  readonly thisUpdate: number;
  /** Null leaves it out. */
  readonly nextUpdate: number | null;
  readonly revoked?: readonly Revoked[];
  readonly crlNumber?: number | bigint;
  /** By default that of the issuer's key. */
  readonly authorityKeyIdentifier?: Uint8Array;
  /** In place of all extensions of the list. */
  readonly extensions?: readonly Uint8Array[];
  /** Version minus one; undefined: 1. Null leaves it out. */
  readonly version?: number | null;
  readonly innerAlgorithm?: Uint8Array;
  readonly outerAlgorithm?: Uint8Array;
  readonly encodeTime?: (unixS: number) => Uint8Array;
  readonly s?: SChoice;
  /** The signed part, changed before it is signed. */
  readonly alterSigned?: (signed: Uint8Array) => Uint8Array;
  /** The whole, changed after it was signed. */
  readonly alterWhole?: (der: Uint8Array) => Uint8Array;
};

export type Crl = { readonly der: Uint8Array; readonly signed: Uint8Array; readonly options: CrlOptions };

const entryOf = ({ serial, at, reason = 1 }: Revoked, { thisUpdate, encodeTime = time }: CrlOptions): Uint8Array =>
  sequence(integer(serial), encodeTime(at ?? thisUpdate), ...(reason === null ? [] : [sequence(reasonCode(reason))]));

const extensionsOf = (options: CrlOptions): readonly Uint8Array[] =>
  options.extensions ?? [
    crlNumber(options.crlNumber ?? 1),
    authorityKeyIdentifier(options.authorityKeyIdentifier ?? keyIdentifier(options.issuerKey)),
  ];

const signedPart = (options: CrlOptions): Uint8Array => {
  const { version = 1, nextUpdate, revoked = [], encodeTime = time } = options;
  const extensions = extensionsOf(options);
  return sequence(
    ...(version === null ? [] : [integer(version)]),
    options.innerAlgorithm ?? ecdsaWithSha256,
    options.issuer,
    encodeTime(options.thisUpdate),
    ...(nextUpdate === null ? [] : [encodeTime(nextUpdate)]),
    ...(revoked.length === 0 ? [] : [sequence(...revoked.map((entry) => entryOf(entry, options)))]),
    ...(extensions.length === 0 ? [] : [explicit(0, sequence(...extensions))]),
  );
};

const unchanged = (bytes: Uint8Array): Uint8Array => bytes;

export const mintCrl = (options: CrlOptions): Crl => {
  const { alterSigned = unchanged, alterWhole = unchanged } = options;
  const signed = alterSigned(signedPart(options));
  const signature = signatureDer(sign(signed, options.issuerKey, options.s));
  const der = alterWhole(sequence(signed, options.outerAlgorithm ?? ecdsaWithSha256, bitString(signature)));
  return { der, signed, options };
};
