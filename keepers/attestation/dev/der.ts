/** Writer of DER (X.690). What is written here is right; `der-broken.ts` spoils it on demand. */
import { bigEndian, concat, textBytes } from "./bytes.ts";

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const byteWidth = (value: number): number => Math.ceil(Math.max(1, value.toString(16).length) / 2);

/** A definite length in its shortest form, or in a long form of `width` bytes. */
export const lengthBytes = (length: number, width?: number): Uint8Array => {
  if (width === undefined && length < 0x80) return Uint8Array.of(length);
  const bytes = width ?? byteWidth(length);
  return concat(Uint8Array.of(0x80 | bytes), bigEndian(BigInt(length), bytes));
};

/** An element of any tag. */
export const element = (tag: number, ...contents: readonly Uint8Array[]): Uint8Array => {
  const content = concat(...contents);
  return concat(Uint8Array.of(tag), lengthBytes(content.length), content);
};

export const sequence = (...items: readonly Uint8Array[]): Uint8Array => element(tags.sequence, ...items);
export const set = (...items: readonly Uint8Array[]): Uint8Array => element(tags.set, ...items);
export const octetString = (content: Uint8Array): Uint8Array => element(tags.octetString, content);
export const utf8String = (text: string): Uint8Array => element(tags.utf8String, textBytes(text));
export const printableString = (text: string): Uint8Array => element(tags.printableString, textBytes(text));
export const boolean = (value: boolean): Uint8Array => element(tags.boolean, Uint8Array.of(value ? 0xff : 0));
export const nothing = (): Uint8Array => element(tags.null);

export const bitString = (content: Uint8Array, unusedBits = 0): Uint8Array =>
  element(tags.bitString, Uint8Array.of(unusedBits), content);

/** Tagged [number]: constructed around elements, or primitive around plain content. */
export const explicit = (number: number, ...items: readonly Uint8Array[]): Uint8Array =>
  element(0xa0 | number, ...items);
export const implicit = (number: number, content: Uint8Array): Uint8Array => element(0x80 | number, content);

/** Two's complement in as few bytes as can be; the numbers of certificates are not negative. */
const integerContent = (value: bigint): Uint8Array => {
  if (value < 0n) throw new RangeError("Only numbers from zero on are written here.");
  const width = Math.floor(value.toString(2).length / 8) + 1;
  return bigEndian(value, value === 0n ? 1 : width);
};

export const integer = (value: bigint | number): Uint8Array => element(tags.integer, integerContent(BigInt(value)));
export const enumerated = (value: number): Uint8Array => element(tags.enumerated, integerContent(BigInt(value)));

const base128 = (value: number): number[] => {
  const digits = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest % 128) | 0x80);
  return digits;
};

/** An object identifier from its dotted form. */
export const oid = (dotted: string): Uint8Array => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return element(tags.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
};

const digitsOf = (unixS: number): string =>
  new Date(unixS * 1_000)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:T]/g, "");

export const utcTime = (unixS: number): Uint8Array => element(tags.utcTime, textBytes(digitsOf(unixS).slice(2)));
export const generalizedTime = (unixS: number): Uint8Array => element(tags.generalizedTime, textBytes(digitsOf(unixS)));

const year2050S = Date.UTC(2050, 0, 1) / 1_000;

/** UTCTime before 2050 and GeneralizedTime from then on (RFC 5280, section 4.1.2.5). */
export const time = (unixS: number): Uint8Array => (unixS < year2050S ? utcTime(unixS) : generalizedTime(unixS));
