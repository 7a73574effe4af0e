/** Inputs for parsers of DER: changed at random, cut at every length, with absurd lengths, and of 64 KiB. */
import { concat, zeros } from "../../keepers/attestation/dev/bytes.ts";
import { element, lengthBytes, nothing, sequence, tags } from "../../keepers/attestation/dev/der.ts";
import type { Random } from "../../keepers/attestation/dev/random.ts";
import { elementAt, readDer, replaceAt } from "./attestation/der-tree.ts";
import { nudged, tellingPlaces } from "./der-places.ts";
import { type Change, mutate, pathsOf, spoils } from "./der-mutations.ts";

/** Lengths that lie: more than there is, more than DER allows here, more than 32 bits hold. */
const absurdLengths = [
  "84ffffffff",
  "8500ffffffff",
  "88ffffffffffffffff",
  "83ffffff",
  "82ffff",
  "81ff",
  "ff",
  "80",
  "7f",
];
/** Around those at which a shift by their bits, or by their bits less eight, leaves nothing of a word. */
const zeroWidths = [0, 1, 4, 32, 33, 54, 127];
const bigBytes = 65_536;
const bigPlaces = 12;
const constructed = 0x20;
const [nudge, oddLength, oddIdentifier, secondChange] = [0.4, 0.1, 0.05, 0.2];

/** The element with another length in front of its content. */
const withLength = (length: Uint8Array): Change => {
  return (bytes) => concat(bytes.slice(0, 1), length, readDer(bytes).content);
};

const withAbsurdLength = (random: Random, der: Uint8Array): Uint8Array => {
  const path = random.pick(pathsOf(der) as [number[], ...number[][]]);
  const length = Buffer.from(random.pick(absurdLengths as [string, ...string[]]), "hex");
  return replaceAt(der, path, withLength(length));
};

/** Another object identifier, in a form of DER more often than not. */
const withIdentifier = (random: Random, der: Uint8Array): Uint8Array => {
  const places = pathsOf(der).filter((path) => elementAt(der, path)[0] === tags.oid);
  const bytes = random.bytes(random.integer(0, 40));
  const digits = random.chance(0.8) ? bytes.map((byte, i) => (i === bytes.length - 1 ? byte & 0x7f : byte)) : bytes;
  return replaceAt(der, random.pick(places as [number[], ...number[][]]), () => element(tags.oid, digits));
};

const changedOnce = (random: Random, der: Uint8Array): Uint8Array => {
  if (random.chance(nudge)) return nudged(random, der, tellingPlaces(der));
  if (random.chance(oddLength)) return withAbsurdLength(random, der);
  return random.chance(oddIdentifier) ? withIdentifier(random, der) : mutate(random, der);
};

/** One random change, or two where the first one leaves a tree. */
export const changed = (random: Random, der: Uint8Array): Uint8Array => {
  const once = changedOnce(random, der);
  if (!random.chance(secondChange)) return once;
  try {
    return mutate(random, once);
  } catch {
    return once; // it is no tree any more
  }
};

/** No content, and a length of so many bytes, all of them zero. */
const withZeros =
  (width: number): Change =>
  (bytes) =>
    concat(bytes.slice(0, 1), Uint8Array.of(0x80 + width), zeros(width));

/** Each element spoiled in each way, and with each absurd length. */
export const spoiledEverywhere = (der: Uint8Array): Uint8Array[] => {
  const lengths = [...absurdLengths.map((hex) => withLength(Buffer.from(hex, "hex"))), ...zeroWidths.map(withZeros)];
  return pathsOf(der).flatMap((path) => [...spoils, ...lengths].map((spoil) => replaceAt(der, path, spoil)));
};

/** Every beginning of the input, and every end. */
export const cuts = (der: Uint8Array): Uint8Array[] =>
  [...der.keys()].flatMap((length) => [der.slice(0, length), der.slice(length + 1)]);

/** Around 64 KiB of what costs a reader most, small elements: alone, behind the input, and in or behind the content of some elements. */
export const oversized = (random: Random, der: Uint8Array): Uint8Array[] => {
  const [empty, integer] = [sequence(), element(tags.integer, zeros(1))];
  const pieces = [empty, nothing(), integer, sequence(empty), element(tags.set, sequence(empty)), element(tags.set)];
  const fillings = [...pieces.map(filled), zeros(bigBytes), random.bytes(bigBytes), nested(bigBytes / 5)];
  const containers = pathsOf(der).filter((path) => (elementAt(der, path)[0] ?? 0) & constructed);
  const places = Array.from({ length: bigPlaces }, () => random.pick(containers as [number[], ...number[][]]));
  return [
    ...fillings.flatMap((one) => [
      one,
      concat(der, one),
      concat(Uint8Array.of(tags.sequence), lengthBytes(one.length), one),
    ]),
    ...places.flatMap((path) => [
      replaceAt(der, path, (old) => withContent(old, filled(random.pick(pieces as [Uint8Array, ...Uint8Array[]])))),
      replaceAt(der, path, (old) => withContent(old, concat(readDer(old).content, filled(old)))),
    ]),
  ];
};

/** 64 KiB of the smallest elements as the content of the one at a path. */
export const withSmallest = (der: Uint8Array, path: readonly number[]): Uint8Array =>
  replaceAt(der, path, (old) => withContent(old, filled(sequence())));

const filled = (piece: Uint8Array): Uint8Array =>
  concat(...Array<Uint8Array>(Math.ceil(bigBytes / piece.length)).fill(piece));

const withContent = (bytes: Uint8Array, content: Uint8Array): Uint8Array =>
  concat(bytes.slice(0, 1), lengthBytes(content.length), content);

/** Sequences in sequences. */
const nested = (depth: number): Uint8Array => {
  const heads: Uint8Array[] = [];
  for (let [i, length] = [0, 0]; i < depth; i++) {
    const head = concat(Uint8Array.of(tags.sequence), lengthBytes(length));
    heads.push(head);
    length += head.length;
  }
  return concat(...heads.reverse());
};
