import { contentOf, DerError, type DerElement, derTag } from "./der.ts";

const maxOidBytes = 31;

/** The bytes of a non-negative integer, without a leading zero; zero is one zero byte. Throws a DerError. */
export function unsignedOf(element: DerElement | undefined): Uint8Array {
  const content = contentOf(element, derTag.integer);
  const [first, second] = content;
  if (first === undefined) throw new DerError("An integer is empty.");
  if (first >= 0x80) throw new DerError("An integer is negative.");
  if (first !== 0 || second === undefined) return content;
  if (second < 0x80) throw new DerError("An integer is not in its shortest form.");
  return content.subarray(1);
}

/** An integer of at most `max`, itself below 2^31. Throws a DerError. */
export function smallIntegerOf(element: DerElement | undefined, max: number): number {
  return atMost(unsignedOf(element), max);
}

/** An enumerated value of at most `max`. Throws a DerError. */
export function enumeratedOf(element: DerElement | undefined, max: number): number {
  const content = contentOf(element, derTag.enumerated);
  return atMost(unsignedOf({ tag: derTag.integer, content, whole: content }), max);
}

function atMost(bytes: Uint8Array, max: number): number {
  const value = bytes.length > 4 ? Infinity : bytes.reduce((sum, byte) => 256 * sum + byte, 0);
  if (value > max) throw new DerError(`A number is greater than ${max}.`);
  return value;
}

/** A boolean, which DER writes as 00 or ff. Throws a DerError. */
export function booleanOf(element: DerElement | undefined): boolean {
  const content = contentOf(element, derTag.boolean);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError("A boolean is malformed.");
  return content[0] === 0xff;
}

/** The bytes of a bit string of whole bytes. Throws a DerError. */
export function wholeBytesOf(element: DerElement | undefined): Uint8Array {
  const { unused, bytes } = bitsOf(element);
  if (unused !== 0) throw new DerError("A bit string is not of whole bytes.");
  return bytes;
}

/** At most 16 named bits, the first one first: DER drops zeros at the end. Throws a DerError. */
export function namedBitsOf(element: DerElement | undefined): boolean[] {
  const { unused, bytes } = bitsOf(element);
  if (bytes.length > 2) throw new DerError("A list of bits is too long.");
  const bits = [...bytes].flatMap((byte) => [...byte.toString(2).padStart(8, "0")].map((digit) => digit === "1"));
  const named = bits.slice(0, bits.length - unused);
  if (named.length > 0 && named.at(-1) !== true) throw new DerError("A list of bits ends in a zero.");
  return named;
}

function bitsOf(element: DerElement | undefined): { unused: number; bytes: Uint8Array } {
  const content = contentOf(element, derTag.bitString);
  const [unused = 8] = content;
  const bytes = content.subarray(1);
  const last = bytes.at(-1);
  if (unused > 7 || (last === undefined && unused > 0)) throw new DerError("A bit string is malformed.");
  if (last !== undefined && last % 2 ** unused !== 0) throw new DerError("Unused bits are set.");
  return { unused, bytes };
}

/** An object identifier of at most 31 bytes, which is what fits a word on chain, as `1.2.840...`. Throws a DerError. */
export function oidOf(element: DerElement | undefined): string {
  const content = contentOf(element, derTag.oid);
  const last = content.at(-1);
  if (last === undefined || last >= 0x80) throw new DerError("An object identifier is malformed.");
  if (content.length > maxOidBytes) throw new DerError("An object identifier is too long.");
  const arcs: bigint[] = [];
  let arc = 0n;
  let isNew = true;
  for (const byte of content) {
    if (isNew && byte === 0x80) throw new DerError("An object identifier is not in its shortest form.");
    arc = 128n * arc + BigInt(byte % 128);
    isNew = byte < 0x80;
    if (isNew) arcs.push(arc);
    if (isNew) arc = 0n;
  }
  const [first = 0n, ...rest] = arcs;
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - 40n * root, ...rest].join(".");
}

/** Unix seconds of a UTCTime YYMMDDHHMMSSZ (until 2049) or GeneralizedTime YYYYMMDDHHMMSSZ, from 1970 on. Throws a DerError. */
export function timeOf(element: DerElement | undefined): number {
  const isUtc = element?.tag === derTag.utcTime;
  const text = asciiOf(contentOf(element, isUtc ? derTag.utcTime : derTag.generalizedTime));
  if (!(isUtc ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text)) throw new DerError("A time is malformed.");
  const full = isUtc ? `${Number(text.slice(0, 2)) < 50 ? "20" : "19"}${text}` : text;
  const iso = full.replace(/^(....)(..)(..)(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  const time = new Date(iso);
  if (!(time.getTime() >= 0) || time.toISOString() !== iso) throw new DerError("A time does not exist.");
  return time.getTime() / 1000;
}

/** Bytes as characters of one byte each. */
export function asciiOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => String.fromCharCode(byte)).join("");
}
