/** Pays that a bond holds beyond one for each seat of the panel. */
export const bondMarginPays = 4n;

/** The bond of an outsider's challenge or of an appeal, for a panel of so many seats. */
export function bondOf(seats: number, pay: bigint): bigint {
  return (BigInt(seats) + bondMarginPays) * pay;
}
