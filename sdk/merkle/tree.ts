import { concatHex, type Hex, keccak256 } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";
import { merkleLeaf } from "./leaf.ts";

/** Levels of a tree, from the leaves in index order up to the root. */
export type MerkleTree = readonly (readonly Hex[])[];

/**
 * The tree over values in index order. Neighbours 2i and 2i + 1 are hashed as a sorted pair; the last node of an odd level
 * moves up unchanged. A tree of one is its leaf. Throws InvalidValueError without values.
 */
export function buildTree(values: readonly Hex[]): MerkleTree {
  if (values.length === 0) throw new InvalidValueError("bundle", "it has no items.");
  const levels: Hex[][] = [];
  let level = values.map((value, index) => merkleLeaf(BigInt(index), value));
  for (levels.push(level); level.length > 1; levels.push(level)) level = parentsOf(level);
  return levels;
}

/** The root of a tree. */
export function rootOf(tree: MerkleTree): Hex {
  const root = tree.at(-1)?.[0];
  if (root === undefined) throw new InvalidValueError("tree", "it is empty.");
  return root;
}

/** The siblings from leaf `index` to the root, as OpenZeppelin's `MerkleProof.verify` takes them. Throws InvalidValueError. */
export function proofOf(tree: MerkleTree, index: number): Hex[] {
  if (tree[0]?.[index] === undefined) throw new InvalidValueError("index", `the bundle has no item ${index}.`);
  return tree.slice(0, -1).flatMap((level, height) => level[(index >> height) ^ 1] ?? []); // none: moved up unchanged
}

/** Whether `proof` leads from the item at `index` to `root`. Equals `MerkleProof.verify` over `merkleLeaf`. */
export function verifyItem(root: Hex, index: bigint, value: Hex, proof: readonly Hex[]): boolean {
  return proof.reduce(hashPair, merkleLeaf(index, value)) === root.toLowerCase();
}

function parentsOf(level: readonly Hex[]): Hex[] {
  const parents: Hex[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const [left, right] = level.slice(i, i + 2);
    if (left !== undefined) parents.push(right === undefined ? left : hashPair(left, right));
  }
  return parents;
}

function hashPair(a: Hex, b: Hex): Hex {
  return keccak256(concatHex(a.toLowerCase() < b.toLowerCase() ? [a, b] : [b, a]));
}
