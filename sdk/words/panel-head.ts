import { checkWidth } from "./fields.ts";

/** Which jurors a proof shows, as bitmaps in draw order. */
export type PanelHead = { readonly committed: bigint; readonly attested: bigint };

/** zero(128) | attested(64) | committed(64). Throws InvalidValueError where a bitmap is wider. */
export function encodePanelHead({ committed, attested }: PanelHead): bigint {
  return (checkWidth("attested", attested, 64) << 64n) | checkWidth("committed", committed, 64);
}
