/** The requester accepts that the snapshot is too small to draw a panel if a dispute arises. */
export const flagAcceptNoPanel = 1n;
/** The digest is the Merkle root of `items` leaves. */
export const flagBundle = 2n;
/** The request was signed off chain and is shown first inside its settlement. */
export const flagSigned = 4n;
/** The input is bound by digest only; the event carries its URI. */
export const flagInputByUri = 8n;

/** Whether a request's flags contain `flag`. Equals `RulesFields.has`. */
export function hasFlag(flags: bigint, flag: bigint): boolean {
  return (flags & flag) !== 0n;
}
