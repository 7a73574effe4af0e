/**
 * Reads ABI-encoded calldata where it lies. Strangers wrote it, and offsets may alias: a general decoder would copy one
 * large item thousands of times. Here nothing is copied, and offsets mean what they mean to the contract: they are signed,
 * may point anywhere in the data, and words beyond its ends are zero.
 */

export const wordBytes = 32;
const selectorBytes = 4;

/** The first four bytes, as a number. Zero where there are fewer. */
export const selectorOf = (data: Uint8Array): number => (data.length < selectorBytes ? 0 : viewOf(data).getUint32(0));

/** Place of a call's argument word. */
export const argumentAt = (index: number): number => selectorBytes + index * wordBytes;

/** The word at a place as a whole number of either sign; undefined where it is further from zero than any calldata. */
const numberAt = (data: Uint8Array, at: number): number | undefined => {
  if (at < 0 || at + wordBytes > data.length) return 0;
  const view = viewOf(data);
  const sign = view.getUint32(at);
  if (sign !== 0 && sign !== 0xffff_ffff) return undefined;
  for (let i = 4; i < 28; i += 4) if (view.getUint32(at + i) !== sign) return undefined;
  return view.getUint32(at + 28) - (sign === 0 ? 0 : 2 ** 32);
};

/** Where the offset at `at` points, counted from `base`. */
export const placeAt = (data: Uint8Array, at: number, base: number): number | undefined => {
  const offset = numberAt(data, at);
  return offset === undefined ? undefined : base + offset;
};

/** The `bytes` that the offset at `at` points to, counted from `base`; undefined where they are not whole. */
export const bytesAt = (data: Uint8Array, at: number, base: number): Uint8Array | undefined => {
  const place = placeAt(data, at, base);
  const length = place === undefined ? undefined : numberAt(data, place);
  if (place === undefined || length === undefined || length < 0) return undefined;
  if (length === 0) return data.subarray(0, 0);
  const from = place + wordBytes;
  return from + length > data.length ? undefined : data.subarray(from, from + length);
};

/** The array that the offset at `at` points to, counted from `from`: where its elements' offsets lie, which count from the first of them. */
export const arrayAt = (
  data: Uint8Array,
  at: number,
  from: number,
): { readonly base: number; readonly count: number } => {
  const place = placeAt(data, at, from);
  const base = place === undefined ? data.length : place + wordBytes;
  const count = place === undefined ? undefined : numberAt(data, place);
  const isWhole = count !== undefined && count >= 0 && base + count * wordBytes <= data.length;
  return { base, count: isWhole ? count : 0 };
};

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
