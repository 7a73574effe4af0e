/** One certificate changed in one way each: what a strict parser of X.509 refuses. */
import { concat, textBytes, zeros } from "../../../keepers/attestation/dev/bytes.ts";
import { mintCertificate, type CertificateOptions } from "../../../keepers/attestation/dev/certificate.ts";
import { withTag } from "../../helpers/attestation/der-broken.ts";
import {
  bitString,
  boolean,
  element,
  integer,
  nothing,
  octetString,
  oid,
  sequence,
  set,
  tags,
  utf8String,
} from "../../../keepers/attestation/dev/der.ts";
import { replaceAt } from "../../helpers/attestation/der-tree.ts";
import { basicConstraints, extension, extensionIds, keyUsage } from "../../../keepers/attestation/dev/extensions.ts";
import { commonNames } from "../../../keepers/attestation/dev/name.ts";
import { caseSeed } from "../../helpers/attestation/seed.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";

export const inSigned = (index: number, ...rest: number[]): number[] => [0, index, ...rest];

export const world = mintWorld({ seed: caseSeed("X509") });
const { pck } = world.certificates;
export const remint = (changes: Partial<CertificateOptions>): Uint8Array =>
  mintCertificate({ ...pck.options, ...changes }).der;
const withExtensions = (...extensions: Uint8Array[]): Uint8Array => remint({ moreExtensions: extensions });
export const onlyExtensions = (...extensions: Uint8Array[]): Uint8Array => remint({ extensions });
export const changed = (path: readonly number[], change: (old: Uint8Array) => Uint8Array) =>
  replaceAt(pck.der, path, change);
const timeText = (tag: number, text: string) => element(tag, textBytes(text));
export const withNotBefore = (time: Uint8Array) => changed(inSigned(4, 0), () => time);
/** A sequence of no content, whose length is in the long form. */
const lengthOfZeros = (width: number) => concat(Uint8Array.of(tags.sequence, 0x80 + width), zeros(width));
const commonName = (text: string) => set(sequence(oid("2.5.4.3"), utf8String(text)));

/** What the parser must name, and the certificate that has it. */
export const refused: Record<string, readonly [string, Uint8Array]> = {
  "bytes after the end": ["DerTrailing", concat(pck.der, zeros(1))],
  "an empty input": ["DerTag", zeros(0)],
  "a cut input": ["DerBeyondEnd", pck.der.slice(0, -1)],
  "version 1": ["DerContent", remint({ version: 0 })],
  "version 2": ["DerContent", remint({ version: 1 })],
  "version 4": ["DerContent", remint({ version: 3 })],
  "another algorithm outside": ["DerContent", remint({ outerAlgorithm: sequence(oid("1.2.840.10045.4.3.3")) })],
  "another algorithm inside": ["DerContent", remint({ innerAlgorithm: sequence(oid("1.2.840.10045.4.3.3")) })],
  "an algorithm with parameters": [
    "DerContent",
    remint({ outerAlgorithm: sequence(oid("1.2.840.10045.4.3.2"), nothing()) }),
  ],
  "a serial of zero": ["DerContent", remint({ serial: 0n })],
  "a serial of 161 bits": ["DerContent", remint({ serial: 1n << 160n })],
  "a negative serial": ["DerContent", changed(inSigned(1), () => element(tags.integer, Uint8Array.of(0x80)))],
  "an empty serial": ["DerContent", changed(inSigned(1), () => element(tags.integer))],
  "a serial with a needless zero": [
    "DerContent",
    changed(inSigned(1), () => element(tags.integer, Uint8Array.of(0, 1))),
  ],
  "a compressed key": [
    "DerContent",
    changed(inSigned(6), () =>
      sequence(
        sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")),
        bitString(concat(Uint8Array.of(2), zeros(32))),
      ),
    ),
  ],
  "a key on another curve": [
    "DerContent",
    changed(inSigned(6), () =>
      sequence(
        sequence(oid("1.2.840.10045.2.1"), oid("1.3.132.0.10")),
        bitString(concat(Uint8Array.of(4), pck.key.point)),
      ),
    ),
  ],
  "a key of 63 bytes": [
    "DerContent",
    changed(inSigned(6), () =>
      sequence(
        sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")),
        bitString(concat(Uint8Array.of(4), zeros(63))),
      ),
    ),
  ],
  "no extensions": ["DerTag", onlyExtensions()],
  "an empty list of extensions": ["DerBeyondEnd", changed(inSigned(7), () => element(0xa3, sequence()))],
  "a unique identifier": ["DerTag", changed(inSigned(7), (old) => concat(element(0x81, Uint8Array.of(0, 1)), old))],
  "something after the extensions": ["DerTrailing", changed(inSigned(7), (old) => concat(old, nothing()))],
  "an unknown critical extension": [
    "UnknownCriticalExtension",
    withExtensions(extension("1.2.3.4", nothing(), { critical: true })),
  ],
  "a critical name constraint": [
    "UnknownCriticalExtension",
    withExtensions(extension("2.5.29.30", sequence(), { critical: true })),
  ],
  "a known extension twice": ["DuplicateExtension", withExtensions(basicConstraints({ isCa: true }))],
  "an unknown extension twice": [
    "DuplicateExtension",
    withExtensions(extension("1.2.3.4", nothing()), extension("1.2.3.4", boolean(true))),
  ],
  "an identifier with a needless zero": [
    "DerContent",
    withExtensions(sequence(element(tags.oid, Uint8Array.of(0x55, 0x1d, 0x80, 0x13)), octetString(nothing()))),
  ],
  "an identifier that goes on": [
    "DerContent",
    withExtensions(sequence(element(tags.oid, Uint8Array.of(0x55, 0x9d)), octetString(nothing()))),
  ],
  "an empty identifier": ["DerContent", withExtensions(sequence(element(tags.oid), octetString(nothing())))],
  "a criticality written out as false": [
    "DerContent",
    withExtensions(sequence(oid("1.2.3.4"), boolean(false), octetString(nothing()))),
  ],
  "a criticality of 1": [
    "DerContent",
    withExtensions(sequence(oid("1.2.3.4"), element(tags.boolean, Uint8Array.of(1)), octetString(nothing()))),
  ],
  "something after an extension's value": [
    "DerTrailing",
    withExtensions(sequence(oid("1.2.3.4"), octetString(nothing()), nothing())),
  ],
  "17 extensions": [
    "TooManyExtensions",
    onlyExtensions(...Array.from({ length: 17 }, (_, i) => extension(`1.2.3.${i}`, nothing()))),
  ],
  "CA:FALSE written out": [
    "DerContent",
    onlyExtensions(extension(extensionIds.basicConstraints, sequence(boolean(false)))),
  ],
  ...Object.fromEntries(
    [0, 1, 3, 4, 31, 32, 33, 54, 64, 127].map((width) => [
      `basic constraints with a length of ${width} bytes, all of them zero`,
      ["DerLengthForm", onlyExtensions(extension(extensionIds.basicConstraints, lengthOfZeros(width)))],
    ]),
  ),
  "a path length without CA": ["DerContent", onlyExtensions(basicConstraints({ isCa: false, pathLength: 0 }))],
  "a negative path length": [
    "DerContent",
    onlyExtensions(
      extension(extensionIds.basicConstraints, sequence(boolean(true), element(tags.integer, Uint8Array.of(0xff)))),
    ),
  ],
  "a key usage of no bits": ["DerContent", onlyExtensions(keyUsage([]))],
  "a key usage with a zero at the end": [
    "DerContent",
    onlyExtensions(extension(extensionIds.keyUsage, bitString(Uint8Array.of(0x80), 6))),
  ],
  "a key usage whose unused bits are set": [
    "DerContent",
    onlyExtensions(extension(extensionIds.keyUsage, bitString(Uint8Array.of(0x81), 7))),
  ],
  "a key usage with 8 unused bits": [
    "DerContent",
    onlyExtensions(extension(extensionIds.keyUsage, bitString(Uint8Array.of(0x80), 8))),
  ],
  "a name without a common name": [
    "CommonNameMissingOrAmbiguous",
    remint({ subject: sequence(set(sequence(oid("2.5.4.10"), utf8String("Intel SGX PCK Certificate")))) }),
  ],
  "an empty name": ["CommonNameMissingOrAmbiguous", remint({ subject: sequence() })],
  "two common names": [
    "CommonNameMissingOrAmbiguous",
    remint({ subject: sequence(commonName(commonNames.pck), commonName(commonNames.root)) }),
  ],
  "a common name in an OCTET STRING": [
    "CommonNameMissingOrAmbiguous",
    remint({ subject: sequence(set(sequence(oid("2.5.4.3"), octetString(textBytes(commonNames.pck))))) }),
  ],
  "two attributes in a set": [
    "DerTrailing",
    remint({
      subject: sequence(set(sequence(oid("2.5.4.3"), utf8String("a")), sequence(oid("2.5.4.10"), utf8String("b")))),
    }),
  ],
  "a signature with unused bits": [
    "DerContent",
    changed([2], (old) => concat(old.slice(0, 2), Uint8Array.of(1), old.slice(3))),
  ],
  "a signature of three numbers": [
    "DerTrailing",
    changed([2], () => bitString(sequence(integer(1), integer(1), integer(1)))),
  ],
  "a signature with an r of 33 bytes": [
    "DerContent",
    changed([2], () => bitString(sequence(integer(1n << 256n), integer(1)))),
  ],
  "a signature with a negative s": [
    "DerContent",
    changed([2], () => bitString(sequence(integer(1), element(tags.integer, Uint8Array.of(0xff))))),
  ],
  "a time without Z": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "3001010000000"))],
  "a time with a zone": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "300101000000+0100"))],
  "a time without seconds": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "3001010000Z"))],
  "a time with a fraction": ["DerTimeInvalid", withNotBefore(timeText(tags.generalizedTime, "20300101000000.5Z"))],
  "a time with a letter": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "30010100000:Z"))],
  "a time with a high byte": [
    "DerTimeInvalid",
    withNotBefore(element(tags.utcTime, Uint8Array.of(0xff), textBytes("00101000000Z"))),
  ],
  "a time in a string": ["DerTimeInvalid", withNotBefore(timeText(tags.printableString, "300101000000Z"))],
  "month 0": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "300001000000Z"))],
  "month 13": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "301301000000Z"))],
  "day 0": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "300100000000Z"))],
  "31 April": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "300431000000Z"))],
  "29 February of a common year": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "300229000000Z"))],
  "29 February 2100": ["DerTimeInvalid", withNotBefore(timeText(tags.generalizedTime, "21000229000000Z"))],
  "hour 24": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "300101240000Z"))],
  "minute 60": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "300101006000Z"))],
  "second 60": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "300101000060Z"))],
  "a year before 1970": ["DerTimeInvalid", withNotBefore(timeText(tags.utcTime, "690101000000Z"))],
  "a third time": ["DerTrailing", changed(inSigned(4, 1), (old) => concat(old, old))],
  "a set in place of a sequence": ["DerTag", changed(inSigned(4), (old) => withTag(old, tags.set))],
};
