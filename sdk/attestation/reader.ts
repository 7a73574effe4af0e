import { littleEndian } from "./bytes.ts";
import { demand, type ReasonCode } from "./evidence-error.ts";

/** Reads bytes from the first to the last. */
export type Reader = {
  /** So many bytes. Throws an EvidenceError where there are fewer. */
  take(length: number): Uint8Array;
  /** A little-endian number of so many bytes, at most four. */
  uint(length: number): number;
  /** A reader of the next so many bytes. */
  within(length: number, what: string): Reader;
  /** All that is left. */
  rest(): Uint8Array;
  /** How many bytes are left. */
  left(): number;
  /** How many bytes were read. */
  offset(): number;
};

/** A reader whose errors have this code and name this thing. */
export function makeReader(bytes: Uint8Array, code: ReasonCode, what: string): Reader {
  let offset = 0;
  const take = (length: number): Uint8Array => {
    const left = bytes.length - offset;
    demand(length <= left, code, `${what} is cut off: ${length} bytes are missing after ${offset}, there are ${left}.`);
    const taken = bytes.subarray(offset, offset + length);
    offset += length;
    return taken;
  };
  return {
    take,
    uint: (length) => littleEndian(take(length)),
    within: (length, inner) => makeReader(take(length), code, inner),
    rest: () => take(bytes.length - offset),
    left: () => bytes.length - offset,
    offset: () => offset,
  };
}
