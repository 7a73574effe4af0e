/** Bytes and numbers of quotes: everything there is little-endian. */

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replace(/^0x/, ""), "hex"));

export const textBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));

export const zeros = (length: number): Uint8Array => new Uint8Array(length);

/** The low `width` bytes of a number, little-endian. */
export const littleEndian = (value: number | bigint, width: number): Uint8Array => {
  const bytes = new Uint8Array(width);
  let rest = BigInt(value);
  for (let i = 0; i < width; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
};

export const u16 = (value: number): Uint8Array => littleEndian(value, 2);
export const u32 = (value: number): Uint8Array => littleEndian(value, 4);

/** A number as `width` bytes, big-endian. */
export const bigEndian = (value: bigint, width: number): Uint8Array => littleEndian(value, width).reverse();

export const numberOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${hexOf(bytes)}`));

/** A copy with one byte changed by XOR. */
export const flipped = (bytes: Uint8Array, index: number, mask = 1): Uint8Array => {
  const copy = bytes.slice();
  copy[index] = (copy[index] ?? 0) ^ mask;
  return copy;
};
