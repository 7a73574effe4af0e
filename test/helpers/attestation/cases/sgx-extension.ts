import * as der from "../../../../keepers/attestation/dev/der.ts";
import { extension, keyUsage } from "../../../../keepers/attestation/dev/extensions.ts";
import { sgxExtensionValue } from "../../../../keepers/attestation/dev/sgx-extension.ts";
import { withSuffix } from "../der-broken.ts";
import { elementAt, replaceAt } from "../der-tree.ts";
import { caseSeed } from "../seed.ts";
import { mintWorld } from "../world.ts";
import { type AcceptanceCase, ask, type RejectionCase } from "./ask.ts";

const base = "1.2.840.113741.1.13.1";
export const world = mintWorld({ seed: caseSeed("sgx extension") });
export const value = sgxExtensionValue(world.platform.sgx);
const replaced = (path: readonly number[], element: Uint8Array) => replaceAt(value, path, () => element);
const field = (suffix: string, content: Uint8Array) => der.sequence(der.oid(`${base}.${suffix}`), content);
const bytes = (length: number) => der.octetString(new Uint8Array(length));

/** Fields of the list: 0 PPID, 1 TCB, 2 PCEID, 3 FMSPC, 4 type, 5 instance, 6 flags. */
export const spoiled: readonly (readonly [title: string, bytes: Uint8Array | undefined])[] = [
  ["nothing", undefined],
  ["no bytes", new Uint8Array()],
  ["bytes behind the list", Uint8Array.of(...value, 0)],
  ...[0, 1, 2, 3, 4].map(
    (index) => [`a list without its field ${index + 1}`, replaced([index], new Uint8Array())] as const,
  ),
  ["a field that comes twice", withSuffix(value, elementAt(value, [3]))],
  ["an unknown field", withSuffix(value, field("8", bytes(1)))],
  ["a field of another arc", withSuffix(value, der.sequence(der.oid("1.2.3.1"), bytes(1)))],
  ["a field of three parts", replaced([3], der.sequence(der.oid(`${base}.4`), bytes(6), bytes(6)))],
  ["a PPID of 15 bytes", replaced([0, 1], bytes(15))],
  ["an FMSPC of 7 bytes", replaced([3, 1], bytes(7))],
  ["a PCE id of 3 bytes", replaced([2, 1], bytes(3))],
  ["a type that is no enumeration", replaced([4, 1], der.integer(0))],
  ["an instance of 4 bytes", replaced([5, 1], bytes(4))],
  ["a flag that is no boolean", replaced([6, 1, 0, 1], der.integer(1))],
  ["an unknown flag", replaced([6, 1, 0], field("7.4", der.boolean(true)))],
  ["a TCB without its first component", replaced([1, 1, 0], new Uint8Array())],
  ["a TCB with a component twice", replaced([1, 1, 0], elementAt(value, [1, 1, 1]))],
  [
    "a TCB with a component too many",
    replaced([1, 1, 0], Uint8Array.of(...elementAt(value, [1, 1, 0]), ...field("2.19", der.integer(1)))),
  ],
  ["a component of two bytes", replaced([1, 1, 3, 1], der.integer(256))],
  ["a negative component", replaced([1, 1, 3, 1], Uint8Array.of(2, 1, 0x80))],
  ["a PCESVN of three bytes", replaced([1, 1, 16, 1], der.integer(65_536))],
  ["a CPUSVN of 17 bytes", replaced([1, 1, 17, 1], bytes(17))],
];

/** A PCK certificate with this value, or none, in the place of its extension. */
const withValue = (value: Uint8Array | undefined) => () => {
  const sgx = value === undefined ? [] : [extension(base, value)];
  return ask(world.remint({ certificates: { pck: { extensions: [keyUsage(["digitalSignature"]), ...sgx] } } }));
};

export const spoiledPcks: readonly RejectionCase[] = spoiled.map(([title, bytes]) => [
  `a PCK whose SGX extension is ${title}`,
  "sgx-extension",
  withValue(bytes),
]);

/** The same fields in another order. */
export const swapped = replaceAt(replaced([0], elementAt(value, [3])), [3], () => elementAt(value, [0]));

export const accepted: readonly AcceptanceCase[] = [
  ["a PCK with its SGX extension and no basic constraints", withValue(value)],
  ["a PCK whose SGX extension has its fields in another order", withValue(swapped)],
];
