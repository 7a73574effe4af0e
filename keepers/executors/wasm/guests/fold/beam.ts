import { chainLength, contactBound, contactCount, isEmpty, maxLength, nextCell, place, unplace } from "./lattice";
import { countNode, nodes, record } from "./record";

/**
 * A first good fold, before the exact search: grows many chains at once, residue by residue, and keeps the most
 * promising ones of each length. A chain is stored as its directions after the first bond; a candidate is a chain of
 * the last round and the direction to add.
 */

const width = 400;
const levels = 256;

let chains = new StaticArray<u8>(width * maxLength);
let grown = new StaticArray<u8>(width * maxLength);
let chainCount = 0;

const parents = new StaticArray<u16>(3 * width);
const directions = new StaticArray<u8>(3 * width);
const scores = new StaticArray<u8>(3 * width);
const histogram = new StaticArray<i32>(levels);
let candidateCount = 0;

/** Grows chains from the two residues that are placed, to the end unless that takes more than `limit` nodes. */
export function searchBeam(limit: u64): void {
  chainCount = 1;
  for (let bonds = 1; bonds < chainLength() - 1; bonds++) {
    if (nodes + <u64>(chainCount * (bonds + 3)) > limit) return;
    const isLast = bonds == chainLength() - 2;
    candidateCount = 0;
    for (let chain = 0; chain < chainCount; chain++) expand(chain, bonds, isLast);
    keepBest(bonds);
  }
}

/** Places the chain, adds its possible continuations to the candidates, and takes the chain away again. */
function expand(chain: i32, bonds: i32, isLast: bool): void {
  let hasTurned = false;
  for (let bond = 1; bond < bonds; bond++) {
    const direction = <i32>unchecked(chains[chain * maxLength + bond]);
    if (direction == 1) hasTurned = true;
    countNode();
    place(nextCell(direction));
  }
  for (let direction = 0; direction < 4; direction++) {
    const cell = nextCell(direction);
    if (!isEmpty(cell) || (!hasTurned && direction == 3)) continue;
    countNode();
    place(cell);
    if (isLast) record();
    unchecked((parents[candidateCount] = <u16>chain));
    unchecked((directions[candidateCount] = <u8>direction));
    unchecked((scores[candidateCount++] = <u8>min(levels - 1, contactCount() + 2 * contactBound())));
    unplace();
  }
  for (let bond = 1; bond < bonds; bond++) unplace();
}

/** The score that candidates must exceed to be kept for sure; those that equal it are kept while there is room. */
function threshold(): i32 {
  memory.fill(changetype<usize>(histogram), 0, levels * 4);
  for (let index = 0; index < candidateCount; index++) unchecked((histogram[scores[index]] += 1));
  let above = 0;
  for (let score = levels - 1; score > 0; score--) {
    above += unchecked(histogram[score]);
    if (above > width) return score;
  }
  return 0;
}

function keepBest(bonds: i32): void {
  const limit = threshold();
  let kept = 0;
  for (let pass = 0; pass < 2; pass++) {
    for (let index = 0; index < candidateCount && kept < width; index++) {
      const score = <i32>unchecked(scores[index]);
      if (pass == 0 ? score <= limit : score != limit) continue;
      const parent = <i32>unchecked(parents[index]) * maxLength;
      const target = kept++ * maxLength;
      memory.copy(changetype<usize>(grown) + target, changetype<usize>(chains) + parent, bonds);
      unchecked((grown[target + bonds] = directions[index]));
    }
  }
  const spare = chains;
  chains = grown;
  grown = spare;
  chainCount = kept;
}
