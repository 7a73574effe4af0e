/**
 * A chain of residues on the square lattice, growing and shrinking at its end.
 *
 * Every contact between two H residues that are no neighbours in the chain lowers the energy by one. Residues with an
 * even place in the chain only ever touch residues with an odd one, which the bound uses.
 */

export const maxLength = 64;
const width = 2 * maxLength + 2;

/** Which residue + 1 is in a cell; 0 is empty. */
const cells = new StaticArray<u8>(width * width);
const cellOf = new StaticArray<i32>(maxLength);
const steps = StaticArray.fromArray<i32>([1, width, -1, -width]);
const isH = new StaticArray<bool>(maxLength);
/** Contacts that residues from i on can have at most, by parity of the residue: 2 each, 3 for the last one. */
const capacityFrom = new StaticArray<i32>(2 * (maxLength + 1));
/** Empty cells beside the placed H residues, by parity. */
const openSides = new StaticArray<i32>(2);

let length = 0;
let placed = 0;
let contacts = 0;

/** Starts a chain of the given residues with the first two placed side by side. */
export function startChain(residues: usize, count: i32): void {
  length = count;
  for (let index = 0; index < count; index++) unchecked((isH[index] = load<u8>(residues + index) == 0x48));
  for (let index = count - 1; index >= 0; index--) {
    const ends = index == count - 1 || index == 0 ? 3 : 2;
    for (let parity = 0; parity < 2; parity++) {
      const own = isH[index] && (index & 1) == parity ? ends : 0;
      capacityFrom[2 * index + parity] = capacityFrom[2 * index + 2 + parity] + own;
    }
  }
  place(width * maxLength + maxLength);
  place(cellOf[0] + 1);
}

export function chainLength(): i32 {
  return length;
}

export function placedCount(): i32 {
  return placed;
}

export function contactCount(): i32 {
  return contacts;
}

/** The cell in direction 0..3 (right, up, left, down) of the chain's end. */
export function nextCell(direction: i32): i32 {
  return unchecked(cellOf[placed - 1]) + unchecked(steps[direction]);
}

export function isEmpty(cell: i32): bool {
  return unchecked(cells[cell]) == 0;
}

/** Contacts that the next residue would add in an empty cell. */
export function gainAt(cell: i32): i32 {
  if (!unchecked(isH[placed])) return 0;
  let gain = 0;
  for (let side = 0; side < 4; side++) {
    const other = <i32>unchecked(cells[cell + unchecked(steps[side])]) - 1;
    if (other >= 0 && other != placed - 1 && unchecked(isH[other])) gain++;
  }
  return gain;
}

/** Places the next residue in an empty cell. */
export function place(cell: i32): void {
  const index = placed;
  const own = unchecked(isH[index]);
  let open = 4;
  for (let side = 0; side < 4; side++) {
    const other = <i32>unchecked(cells[cell + unchecked(steps[side])]) - 1;
    if (other < 0) continue;
    open--;
    if (!unchecked(isH[other])) continue;
    unchecked((openSides[other & 1] -= 1));
    if (own && other != index - 1) contacts++;
  }
  if (own) unchecked((openSides[index & 1] += open));
  unchecked((cells[cell] = <u8>(index + 1)));
  unchecked((cellOf[index] = cell));
  placed = index + 1;
}

/** Takes the last residue away. */
export function unplace(): void {
  const index = placed - 1;
  const cell = unchecked(cellOf[index]);
  const own = unchecked(isH[index]);
  let open = 4;
  unchecked((cells[cell] = 0));
  for (let side = 0; side < 4; side++) {
    const other = <i32>unchecked(cells[cell + unchecked(steps[side])]) - 1;
    if (other < 0) continue;
    open--;
    if (!unchecked(isH[other])) continue;
    unchecked((openSides[other & 1] += 1));
    if (own && other != index - 1) contacts--;
  }
  if (own) unchecked((openSides[index & 1] -= open));
  placed = index;
}

/**
 * No completion of the chain has more contacts than this. Each further contact joins an unplaced residue with an open
 * side of a placed one, or with another unplaced residue, always of the other parity.
 */
export function contactBound(): i32 {
  const evenLeft = unchecked(capacityFrom[2 * placed]);
  const oddLeft = unchecked(capacityFrom[2 * placed + 1]);
  let evenOpen = unchecked(openSides[0]);
  let oddOpen = unchecked(openSides[1]);
  const end = placed - 1;
  if (placed < length && unchecked(isH[end])) {
    // One side of the chain's end is taken by the next residue, without a contact.
    if ((end & 1) == 0) evenOpen--;
    else oddOpen--;
  }
  const withPlaced = min(evenLeft, oddOpen) + min(oddLeft, evenOpen);
  return contacts + withPlaced + min(max(evenLeft - oddOpen, 0), max(oddLeft - evenOpen, 0));
}

/** Writes the chain's directions so far as letters, one per bond; returns their number. */
export function writeDirections(target: usize): i32 {
  for (let index = 1; index < placed; index++) {
    const step = cellOf[index] - cellOf[index - 1];
    store<u8>(target + index - 1, step == 1 ? 0x52 : step == width ? 0x55 : step == -1 ? 0x4c : 0x44);
  }
  return placed - 1;
}
