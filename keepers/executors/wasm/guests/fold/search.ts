import { searchBeam } from "./beam";
import { chainLength, contactBound, gainAt, isEmpty, nextCell, place, placedCount, unplace } from "./lattice";
import { bestContacts, countNode, nodes, record } from "./record";

let nodeLimit: u64 = 0;
/** No fold has more contacts. */
let ceiling = 0;

function isOver(): bool {
  return nodes >= nodeLimit || bestContacts >= ceiling;
}

/**
 * Finds a good fold with at most a quarter of the nodes, then searches for better ones depth first.
 * Returns whether the best fold is proved to be optimal, which it is when the search ended before the limit.
 */
export function search(limit: u64): bool {
  nodeLimit = limit;
  ceiling = contactBound();
  searchBeam(limit / 4);
  descend(false);
  return nodes < nodeLimit || bestContacts >= ceiling;
}

/** Marks a direction that cannot be taken. */
const blocked = 15;

/** Contacts that the next residue would add in each direction, four bits each. */
function gains(hasTurned: bool): i32 {
  let packed = 0;
  for (let direction = 0; direction < 4; direction++) {
    const cell = nextCell(direction);
    // Before the chain has left its first line, a turn down only mirrors a turn up.
    const isOpen = isEmpty(cell) && (hasTurned || direction != 3);
    packed |= (isOpen ? gainAt(cell) : blocked) << (4 * direction);
  }
  return packed;
}

/** Tries the placements of the next residue, those with the most contacts first. */
function descend(hasTurned: bool): void {
  if (placedCount() == chainLength()) {
    record();
    return;
  }
  const packed = gains(hasTurned);
  for (let wanted = 3; wanted >= 0; wanted--) {
    for (let direction = 0; direction < 4; direction++) {
      if (((packed >> (4 * direction)) & 15) != wanted) continue;
      if (isOver()) return;
      countNode();
      place(nextCell(direction));
      if (contactBound() > bestContacts) descend(hasTurned || direction == 1);
      unplace();
    }
  }
}
