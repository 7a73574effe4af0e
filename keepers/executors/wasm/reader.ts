import { demand } from "./bad-module.ts";
import { bounds } from "./bounds.ts";

/** A cursor over part of a module. Every read is bounds-checked and throws `BadModuleError`. */
export type Reader = ReturnType<typeof makeReader>;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads `bytes` from `start` up to `end`; offsets in errors are those of the whole module. */
export function makeReader(bytes: Uint8Array, start = 0, end = bytes.length) {
  let position = start;

  function u8(): number {
    demand(position < end, "Unexpected end", position);
    return bytes[position++] ?? 0;
  }

  /** Unsigned LEB128 of at most 32 bits; padded forms up to five bytes are legal, longer or wider ones are not. */
  function u32(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = u8();
      demand(shift < 28 || byte < 0x10, "Integer too long", position);
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return result;
    }
    return result;
  }

  /**
   * Signed LEB128 of at most `bits` bits; the unused bits of the last byte must repeat the sign.
   * The value is exact up to 33 bits and rounded beyond.
   */
  function signed(bits: 32 | 33 | 64): number {
    let result = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = u8();
      const payload = byte & 0x7f;
      result += payload * 2 ** shift;
      if (bits - shift <= 7) demandSignExtension(byte, bits - shift);
      if (byte < 0x80) return payload >= 0x40 ? result - 2 ** (shift + 7) : result;
    }
  }

  function demandSignExtension(byte: number, bitsLeft: number): void {
    const sign = (byte & 0x7f) >> (bitsLeft - 1);
    const isExtension = sign === 0 || sign === (1 << (8 - bitsLeft)) - 1;
    demand(byte < 0x80 && isExtension, "Integer too long", position);
  }

  function skip(count: number): Uint8Array {
    demand(count <= end - position, "Unexpected end", position);
    position += count;
    return bytes.subarray(position - count, position);
  }

  function name(): string {
    const length = u32();
    demand(length <= bounds.nameBytes, "Name too long", position);
    try {
      return utf8.decode(skip(length));
    } catch {
      demand(false, "Name is not UTF-8", position);
    }
  }

  /** Reads a count of at most `limit` and then that many items. */
  function list<T>(limit: number, what: string, item: (index: number) => T): T[] {
    const count = u32();
    demand(count <= limit, `Too many ${what} (${count}, at most ${limit})`, position);
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(item(index));
    return items;
  }

  /** A reader of the next `length` bytes, which this one skips. */
  function part(length: number) {
    skip(length);
    return makeReader(bytes, position - length, position);
  }

  return {
    u8,
    u32,
    signed,
    skip,
    name,
    list,
    part,
    bytes,
    position: () => position,
    isAtEnd: () => position === end,
  };
}
