/** Changes of DER for fuzzing: most leave something that is nearly right. */
import { concat, flipped, zeros } from "../../keepers/attestation/dev/bytes.ts";
import {
  withEmptyContent,
  withIndefiniteLength,
  withLongLength,
  withPrefix,
  withSuffix,
  withTag,
  withWrongLength,
} from "./attestation/der-broken.ts";
import { nothing, sequence } from "../../keepers/attestation/dev/der.ts";
import { readDer, replaceAt, writeDer, type DerNode } from "./attestation/der-tree.ts";
import type { Random } from "../../keepers/attestation/dev/random.ts";

export type Change = (element: Uint8Array) => Uint8Array;

/** Paths of all elements, the whole first. */
export function pathsOf(der: Uint8Array): number[][] {
  const below = (node: DerNode, path: number[]): number[][] => [
    path,
    ...(node.children ?? []).flatMap((child, i) => below(child, [...path, i])),
  ];
  return below(readDer(der), []);
}

/** Ways to spoil one element. */
export const spoils: readonly Change[] = [
  (element) => withLongLength(element, 1),
  (element) => withLongLength(element, 2),
  (element) => withLongLength(element, 3),
  (element) => withLongLength(element, 4),
  (element) => withLongLength(element, 127),
  (element) => withWrongLength(element, 1),
  (element) => withWrongLength(element, -1),
  (element) => withWrongLength(element, 1_000_000),
  withIndefiniteLength,
  (element) => withPrefix(element, zeros(1)),
  (element) => withSuffix(element, zeros(1)),
  (element) => withSuffix(element, nothing()),
  (element) => withTag(element, 0x1f),
  (element) => withTag(element, 0x31),
  (element) => withTag(element, 0x04),
  withEmptyContent,
  () => zeros(0),
  (element) => concat(element, element),
  (element) => sequence(element),
  (element) => element.slice(0, 1),
  (element) => element.slice(0, -1),
];

/** The last byte of a content, one more. */
const lastByteUp: Change = (element) => flipped(element, element.length - 1, 1);

/** Two elements of one parent change places, or one of them takes the place of the other. */
function shuffleChildren(random: Random, der: Uint8Array): Uint8Array {
  const path = random.pick(pathsOf(der) as [number[], ...number[][]]);
  return replaceAt(der, path, (element) => {
    const { tag, children = [] } = readDer(element);
    const parts = children.map(writeDer);
    if (parts.length < 2) return lastByteUp(element);
    const [from, to] = [random.integer(0, parts.length - 1), random.integer(0, parts.length - 1)];
    const [first = zeros(0), second = zeros(0)] = [parts[from], parts[to]];
    parts[to] = first;
    if (random.chance(0.5)) parts[from] = second;
    return withTag(sequence(...parts), tag);
  });
}

/** Bytes flipped, cut off, put in, or taken from elsewhere in the input. */
function mutateBytes(random: Random, der: Uint8Array): Uint8Array {
  const position = random.integer(0, der.length - 1);
  const length = random.integer(1, 40);
  const [before, after] = [der.slice(0, position), der.slice(position)];
  const kind = random.integer(0, 5);
  if (kind === 0) return flipped(der, position, random.integer(1, 255));
  if (kind === 1) return before;
  if (kind === 2) return concat(before, random.bytes(length), after);
  if (kind === 3) return concat(before, after.slice(length));
  if (kind === 4) return concat(der, random.bytes(random.integer(1, 2_000)));
  const from = random.integer(0, der.length - 1);
  return concat(before, der.slice(from, from + length), after.slice(length));
}

/** One random change of an input, of its bytes or of its elements. */
export function mutate(random: Random, der: Uint8Array): Uint8Array {
  if (random.chance(0.4)) return mutateBytes(random, der);
  if (random.chance(0.3)) return shuffleChildren(random, der);
  const path = random.pick(pathsOf(der) as [number[], ...number[][]]);
  return replaceAt(der, path, random.pick(spoils as [Change, ...Change[]]));
}
