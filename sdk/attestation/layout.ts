/** Names and lengths in bytes of consecutive fields. */
export type Layout = readonly (readonly [name: string, bytes: number])[];

/** The bytes of each field of a layout. */
export type FieldsOf<L extends Layout> = { readonly [F in L[number] as F[0]]: Uint8Array };

/** Length of everything in a layout. */
export function lengthOf(layout: Layout): number {
  return layout.reduce((sum, [, bytes]) => sum + bytes, 0);
}

/** Cuts bytes into the fields of a layout. The caller has checked that they are as long as it. */
export function cut<L extends Layout>(bytes: Uint8Array, layout: L): FieldsOf<L> {
  let offset = 0;
  const entries = layout.map(([name, length]) => [name, bytes.subarray(offset, (offset += length))] as const);
  return Object.fromEntries(entries) as FieldsOf<L>; // the names are those of the layout
}
