/** Bytes of DER that mean something by themselves. */
import { numberOf } from "../../keepers/attestation/dev/bytes.ts";
import { tags } from "../../keepers/attestation/dev/der.ts";
import type { Random } from "../../keepers/attestation/dev/random.ts";

const constructed = 0x20;
/** Longer contents are texts, keys and the like, where one byte is as good as another. */
const mostBytes = 8;

type Element = { readonly at: number; readonly tag: number; readonly start: number; readonly end: number };

const elementFrom = (der: Uint8Array, at: number): Element => {
  const [tag = 0, first = 0] = der.subarray(at, at + 2);
  const width = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + width;
  const length = width === 0 ? first : Number(numberOf(der.subarray(at + 2, start)));
  return { at, tag, start, end: start + length };
};

/** Where the elements begin that are in a content; nowhere if it is none of them. Strings may hold DER of their own. */
const insideOf = (der: Uint8Array, { tag, start, end }: Element): number | undefined => {
  if ((tag & constructed) !== 0) return start;
  const from = tag === tags.bitString ? start + 1 : start;
  const isString = tag === tags.octetString || tag === tags.bitString;
  return isString && from < end && elementFrom(der, from).end === end ? from : undefined;
};

/** Positions of all tags and lengths, and of contents that are short, also inside octet strings and bit strings. */
export const tellingPlaces = (der: Uint8Array): number[] => {
  const places: number[] = [];
  const walk = (from: number, to: number): void => {
    for (let at = from; at < to;) {
      const element = elementFrom(der, at);
      const inside = insideOf(der, element);
      const isShort = inside !== undefined || element.end - element.start > mostBytes;
      for (let i = at; i < (isShort ? (inside ?? element.start + 1) : element.end); i++) places.push(i);
      if (inside !== undefined) walk(inside, element.end);
      at = element.end;
    }
  };
  walk(0, der.length);
  return places;
};

/** One byte at one of the places: a bit of it turned over, one more, one less, or another one. */
export const nudged = (random: Random, der: Uint8Array, places: readonly number[]): Uint8Array => {
  const at = random.pick(places as [number, ...number[]]);
  const old = der[at] ?? 0;
  const byte = random.pick([old ^ (1 << random.integer(0, 7)), old + 1, old - 1, 0, 0xff, random.integer(0, 255)]);
  return der.with(at, byte & 0xff);
};
