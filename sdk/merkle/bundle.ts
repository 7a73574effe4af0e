import { type Hex, keccak256 } from "viem";
import { buildTree, rootOf } from "./tree.ts";

/** Root of a bundle's inputs: the tree over keccak256 of each input in index order. A bundle of one still uses the tree. */
export function inputsRootOf(inputs: readonly (Hex | Uint8Array)[]): Hex {
  return rootOf(buildTree(inputs.map((input) => keccak256(input))));
}

/** Root of a bundle's results, which is the digest of the bundle: the tree over the items' digests in index order. */
export function digestsRootOf(digests: readonly Hex[]): Hex {
  return rootOf(buildTree(digests));
}
