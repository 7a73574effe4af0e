import { concat } from "../../../../keepers/attestation/dev/bytes.ts";
import type { CertificateOptions } from "../../../../keepers/attestation/dev/certificate.ts";
import * as der from "../../../../keepers/attestation/dev/der.ts";
import { extension } from "../../../../keepers/attestation/dev/extensions.ts";
import { withLongLength, withSuffix } from "../der-broken.ts";
import { elementAt, replaceAt } from "../der-tree.ts";
import { caseSeed } from "../seed.ts";
import { mintWorld } from "../world.ts";
import { ask, type RejectionCase } from "./ask.ts";

export const world = mintWorld({ seed: caseSeed("certificate") });
const { pck } = world.certificates;
/** With one element of the signed part, or of the whole, replaced. */
const inSigned = (path: readonly number[], change: (element: Uint8Array) => Uint8Array) => ({
  alterSigned: (signed: Uint8Array) => replaceAt(signed, path, change),
});
const inWhole = (path: readonly number[], change: (element: Uint8Array) => Uint8Array) => ({
  alterWhole: (whole: Uint8Array) => replaceAt(whole, path, change),
});
const signature = (...numbers: readonly Uint8Array[]) => inWhole([2], () => der.bitString(der.sequence(...numbers)));
const nothing = der.element(5);
const point = concat(Uint8Array.of(4), pck.key.point);
const keyInfo = (type: string, curve: string, key: Uint8Array, ...more: readonly Uint8Array[]) => ({
  subjectKeyInfo: der.sequence(der.sequence(der.oid(type), der.oid(curve), ...more), der.bitString(key)),
});
const [ecKey, p256] = ["1.2.840.10045.2.1", "1.2.840.10045.3.1.7"];
const commonName = elementAt(pck.subject, [0]);
const constraints = (...content: readonly Uint8Array[]) => ({
  extensions: [extension("2.5.29.19", der.sequence(...content), { critical: true })],
});

/** What the parser refuses in any certificate. */
export const spoiled: readonly (readonly [title: string, changes: Partial<CertificateOptions>])[] = [
  ["a serial number of zero", inSigned([1], () => der.integer(0))],
  ["a serial number of 21 bytes", { serial: 1n << 160n }],
  ["a negative serial number", inSigned([1], () => Uint8Array.of(2, 1, 0x80))],
  ["a serial number with a needless zero", inSigned([1], () => Uint8Array.of(2, 2, 0, 5))],
  ["three times", inSigned([4], (validity) => withSuffix(validity, der.utcTime(5)))],
  ["two common names", { subject: withSuffix(pck.subject, commonName) }],
  ["no common name", { subject: replaceAt(pck.subject, [0], () => new Uint8Array()) }],
  [
    "a common name of another kind of text",
    { subject: replaceAt(pck.subject, [0, 0, 1], (name) => concat(Uint8Array.of(0x16), name.slice(1))) },
  ],
  [
    "two attributes in a set of its name",
    { subject: replaceAt(pck.subject, [1], (set) => withSuffix(set, elementAt(set, [0]))) },
  ],
  ["a key of another kind", keyInfo("1.2.840.113549.1.1.1", p256, point)],
  ["a key on another curve", keyInfo(ecKey, "1.3.132.0.10", point)],
  ["a key with more parameters", keyInfo(ecKey, p256, point, nothing)],
  ["a compressed key", keyInfo(ecKey, p256, concat(Uint8Array.of(2), pck.key.point.slice(0, 32)))],
  ["a key marked as another form", keyInfo(ecKey, p256, concat(Uint8Array.of(6), pck.key.point))],
  ["a key of 63 bytes", keyInfo(ecKey, p256, point.slice(0, 64))],
  ["CA:FALSE written out", constraints(der.boolean(false))],
  ["a path length without CA:TRUE", constraints(der.integer(0))],
  ["constraints of three parts", constraints(der.boolean(true), der.integer(0), der.integer(0))],
  [
    "a critical flag of FALSE",
    { moreExtensions: [der.sequence(der.oid("1.2.3"), der.boolean(false), der.octetString(nothing))] },
  ],
  [
    "an extension of four parts",
    {
      moreExtensions: [der.sequence(der.oid("1.2.3"), der.boolean(true), der.boolean(true), der.octetString(nothing))],
    },
  ],
  ["an extension without value", { moreExtensions: [der.sequence(der.oid("1.2.3"))] }],
  ["no extensions", { extensions: [] }],
  ["something after its extensions", { alterSigned: (signed) => withSuffix(signed, nothing) }],
  ["unique identifiers", inSigned([7], (list) => concat(der.implicit(1, Uint8Array.of(0)), list))],
  ["parameters of its algorithm", { innerAlgorithm: der.sequence(der.oid("1.2.840.10045.4.3.2"), nothing) }],
  ["a signature of one number", signature(der.integer(5))],
  ["a signature of three numbers", signature(der.integer(5), der.integer(5), der.integer(5))],
  ["a signature with a number of 33 bytes", signature(der.integer(5), der.integer(1n << 256n))],
  ["a signature with a negative number", signature(der.integer(5), Uint8Array.of(2, 1, 0x80))],
  [
    "a signature with bytes behind it",
    inWhole([2], () => der.bitString(concat(der.sequence(der.integer(1), der.integer(1)), nothing))),
  ],
  ["a signature with unused bits", inWhole([2], () => der.bitString(Uint8Array.of(0x30, 0), 1))],
  ["a fourth part", { alterWhole: (whole) => withSuffix(whole, nothing) }],
  ["a length that is not the shortest", { alterWhole: (whole) => withLongLength(whole, 3) }],
];

export const spoiledPcks: readonly RejectionCase[] = spoiled.map(([title, pck]) => [
  `a PCK with ${title}`,
  "certificate-malformed",
  () => ask(world.remint({ certificates: { pck } })),
]);
