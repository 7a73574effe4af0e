/** Extensions of certificates and CRLs. */
import { sha1 } from "@noble/hashes/legacy.js";
import { concat, textBytes } from "./bytes.ts";
import { bitString, boolean, enumerated, explicit, implicit, integer, octetString, oid, sequence } from "./der.ts";
import type { KeyPair } from "./key.ts";

export const extensionIds = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  basicConstraints: "2.5.29.19",
  crlNumber: "2.5.29.20",
  reasonCode: "2.5.29.21",
  crlDistributionPoints: "2.5.29.31",
  authorityKeyIdentifier: "2.5.29.35",
  compositeDeviceId: "2.23.133.5.4.1",
} as const;

/** Bits of a key's usage by their place (RFC 5280, section 4.2.1.3). */
const usageBits = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
} as const;
export type KeyUsage = keyof typeof usageBits;

export type Criticality = { readonly critical?: boolean };

export const extension = (id: string, value: Uint8Array, { critical = false }: Criticality = {}): Uint8Array =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));

/** SHA-1 of the uncompressed point: the usual identifier of a key (RFC 5280, section 4.2.1.2). */
export const keyIdentifier = (key: KeyPair): Uint8Array => sha1(concat(Uint8Array.of(4), key.point));

export const authorityKeyIdentifier = (identifier: Uint8Array): Uint8Array =>
  extension(extensionIds.authorityKeyIdentifier, sequence(implicit(0, identifier)));

export const subjectKeyIdentifier = (identifier: Uint8Array): Uint8Array =>
  extension(extensionIds.subjectKeyIdentifier, octetString(identifier));

/** One distribution point with one address. */
export const crlDistributionPoint = (url: string): Uint8Array =>
  extension(
    extensionIds.crlDistributionPoints,
    sequence(sequence(explicit(0, explicit(0, implicit(6, textBytes(url)))))),
  );

/** The bits in one byte, unused ones at the end named as DER asks. */
const usageBitString = (usages: readonly KeyUsage[]): Uint8Array => {
  const byte = usages.reduce((bits, usage) => bits | (0x80 >> usageBits[usage]), 0);
  const unused = byte === 0 ? 0 : 31 - Math.clz32(byte & -byte);
  return byte === 0 ? bitString(new Uint8Array(0)) : bitString(Uint8Array.of(byte), unused);
};

export const keyUsage = (usages: readonly KeyUsage[], { critical = true }: Criticality = {}): Uint8Array =>
  extension(extensionIds.keyUsage, usageBitString(usages), { critical });

export const basicConstraints = (
  { isCa, pathLength }: { readonly isCa: boolean; readonly pathLength?: number | undefined },
  { critical = true }: Criticality = {},
): Uint8Array => {
  const length = pathLength === undefined ? [] : [integer(pathLength)];
  return extension(extensionIds.basicConstraints, sequence(...(isCa ? [boolean(true), ...length] : length)), {
    critical,
  });
};

export const crlNumber = (number: number | bigint): Uint8Array => extension(extensionIds.crlNumber, integer(number));

export const reasonCode = (reason: number): Uint8Array => extension(extensionIds.reasonCode, enumerated(reason));

/** What a device's boot ROM writes of itself, by its subject key info, and of the firmware it starts, by SHA-384. */
export const compositeDeviceId = (deviceKeyInfo: Uint8Array, firmwareId: Uint8Array): Uint8Array =>
  extension(
    extensionIds.compositeDeviceId,
    sequence(integer(1), deviceKeyInfo, sequence(oid("2.16.840.1.101.3.4.2.2"), octetString(firmwareId))),
  );
