import { decodeAbiParameters, type Hex, hexToString, parseAbiParameters } from "viem";

/** A fold as a committee gives it. */
export type FoldAnswer = {
  readonly energy: bigint;
  readonly nodes: bigint;
  readonly proved: boolean;
  /** A letter (U, D, L, R) per bond. */
  readonly moves: string;
};

const layout = parseAbiParameters("int256 energy, uint256 nodes, bool proved, bytes moves");
const steps: Readonly<Record<string, readonly [x: number, y: number]>> = {
  U: [0, 1],
  D: [0, -1],
  L: [-1, 0],
  R: [1, 0],
};

/** Reads the output of a fold. Throws if it is none. */
export function decodeFold(output: Hex): FoldAnswer {
  const [energy, nodes, proved, moves] = decodeAbiParameters(layout, output);
  return { energy, nodes, proved, moves: hexToString(moves) };
}

/**
 * The energy of a fold, computed from its moves alone: minus the pairs of H residues that lie side by side on the lattice
 * and are no neighbours in the chain. Undefined unless the moves are a walk of the chain's length that never crosses itself.
 */
export function energyOf(sequence: string, moves: string): bigint | undefined {
  if (moves.length !== sequence.length - 1) return undefined;
  const places = walk(moves);
  if (places === undefined || new Set(places.map(String)).size !== sequence.length) return undefined;
  const residues = places.map(([x, y], index) => ({ x, y, isH: sequence[index] === "H" }));
  const contacts = residues.flatMap((a, i) =>
    residues.slice(i + 2).filter((b) => a.isH && b.isH && Math.abs(a.x - b.x) + Math.abs(a.y - b.y) === 1),
  );
  return -BigInt(contacts.length);
}

function walk(moves: string): (readonly [number, number])[] | undefined {
  const places: (readonly [number, number])[] = [[0, 0]];
  let [x, y] = [0, 0];
  for (const move of moves) {
    const step = steps[move];
    if (step === undefined) return undefined;
    [x, y] = [x + step[0], y + step[1]];
    places.push([x, y]);
  }
  return places;
}

/** What is wrong with an answer to a fold; undefined if nothing is. */
export function faultOfFold(sequence: string, output: Hex): string | undefined {
  try {
    const { energy, moves } = decodeFold(output);
    const own = energyOf(sequence, moves);
    if (own === undefined) return `${moves} is no self-avoiding walk of ${sequence}`;
    return own === energy ? undefined : `${moves} has energy ${own}, not ${energy}`;
  } catch (error) {
    return `the output is no fold: ${error instanceof Error ? error.message : String(error)}`;
  }
}
