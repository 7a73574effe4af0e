import { InvalidValueError } from "../errors/invalid-value.ts";

/** Fields of a packed word from the most significant down, each with its width in bits. What lies above is zero. */
export type Layout = readonly (readonly [name: string, bits: number])[];

/** The fields of a layout by name. */
export type FieldsOf<L extends Layout> = { readonly [F in L[number] as F[0]]: bigint };

/** Packs fields into a word. Throws InvalidValueError for a field that does not fit its width. */
export function packFields<const L extends Layout>(layout: L, fields: FieldsOf<L>): bigint {
  const values: Readonly<Record<string, bigint | undefined>> = fields;
  return layout.reduce((word, [name, bits]) => (word << BigInt(bits)) | checkWidth(name, values[name], bits), 0n);
}

/** Takes a word apart. Bits above the layout are ignored, as the contracts ignore them. */
export function unpackFields<const L extends Layout>(layout: L, word: bigint): FieldsOf<L> {
  const fields: Record<string, bigint> = {};
  let rest = word;
  for (const [name, bits] of layout.toReversed()) {
    fields[name] = BigInt.asUintN(bits, rest);
    rest >>= BigInt(bits);
  }
  return fields as FieldsOf<L>; // one entry per name of the layout, by the loop above
}

/** Returns `value` if it is an unsigned integer of at most `bits` bits, else throws InvalidValueError. */
export function checkWidth(name: string, value: bigint | undefined, bits: number): bigint {
  if (typeof value === "bigint" && value >= 0n && value >> BigInt(bits) === 0n) return value;
  throw new InvalidValueError(name, `${String(value)} is not an integer within 0..2^${bits} - 1.`);
}
