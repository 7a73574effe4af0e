import { FetchError } from "./fetch.ts";
import { maxItems } from "./limits.ts";

const wordBytes = 32;

/**
 * Reads a bundle's document, ABI-encoded bytes[], in its canonical form only: `items` offsets that point to one input
 * after the other, without gaps, overlaps or bytes left over. A stranger wrote it, and ABI offsets may alias: a general
 * decoder would copy one large input thousands of times. Here every byte is looked at once, and nothing is copied.
 * Throws FetchError where it is not that.
 */
export function readItems(document: Uint8Array, items: bigint): readonly Uint8Array[] {
  if (items > maxItems) throw new FetchError(`the bundle has ${items} inputs; at most ${maxItems} are served`);
  const view = new DataView(document.buffer, document.byteOffset, document.byteLength);
  if (wordAt(view, 0) !== wordBytes) throw notCanonical();
  const count = wordAt(view, wordBytes);
  if (BigInt(count) !== items) throw new FetchError(`the bundle has ${count} inputs, not ${items}`);
  const start = 2 * wordBytes; // offsets count from here
  let end = start + count * wordBytes;
  const inputs = Array.from({ length: count }, (_, index) => {
    if (start + wordAt(view, start + index * wordBytes) !== end) throw notCanonical();
    const length = wordAt(view, end);
    const from = end + wordBytes;
    end = from + Math.ceil(length / wordBytes) * wordBytes;
    if (end > document.byteLength) throw notCanonical();
    return document.subarray(from, from + length);
  });
  if (end !== document.byteLength) throw notCanonical();
  return inputs;
}

/** The word at a place as a number below 2^32. */
function wordAt(view: DataView, at: number): number {
  if (at + wordBytes > view.byteLength) throw notCanonical();
  for (let i = 0; i < 28; i += 4) if (view.getUint32(at + i) !== 0) throw notCanonical();
  return view.getUint32(at + 28);
}

function notCanonical(): FetchError {
  return new FetchError("the bundle's document is no canonically ABI-encoded bytes[]");
}
