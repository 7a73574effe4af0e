import { expect } from "chai";
import { type Hex, keccak256 } from "viem";
import { digestsRootOf, inputsRootOf } from "../../sdk/merkle/bundle.ts";
import { merkleLeaf } from "../../sdk/merkle/leaf.ts";
import { buildTree, proofOf, rootOf, verifyItem } from "../../sdk/merkle/tree.ts";
import { makeFuzz } from "../helpers/random.ts";
import { deployHarness, expectRows, fuzzCases, type Harness, times } from "./harness.ts";

describe("Bundles' Merkle trees", () => {
  const random = makeFuzz("merkle");
  let harness: Harness;

  before(async () => {
    harness = await deployHarness();
  });

  /** Proofs of every item of enough trees of this size, a third of them with something wrong. */
  async function compare(size: number, cases: number) {
    for (let done = 0; done < cases; done += size) {
      const values = times(size, () => random.bytes(32));
      const tree = buildTree(values);
      const items = values.map((value, index) => spoil({ index, value, proof: proofOf(tree, index) }));
      const args = [items.map((i) => BigInt(i.index)), items.map((i) => i.value), items.map((i) => i.proof)] as const;
      const actual = await harness.rows("items", 1, rootOf(tree), ...args);
      const expected = items.map((i) => [verifyItem(rootOf(tree), BigInt(i.index), i.value, i.proof) ? 1n : 0n]);
      expectRows(actual, expected, items);
      items.forEach((item, at) => expect(actual[at]).to.deep.equal([item.spoiled ? 0n : 1n]));
    }
  }

  function spoil(item: { index: number; value: Hex; proof: Hex[] }) {
    const fault = random.below(9);
    if (fault === 0) return { ...item, index: item.index + 1, spoiled: true };
    if (fault === 1) return { ...item, value: random.bytes(32), spoiled: true };
    if (fault === 2) return { ...item, proof: [...item.proof, random.bytes(32)], spoiled: true };
    return { ...item, spoiled: false };
  }

  for (const size of [1, 2, 3, 50, 500]) {
    it(`of ${size} items are what MerkleProof verifies, and nothing else is`, () => compare(size, fuzzCases / 5));
  }

  it("have the leaf as root of one item, and move an odd node up unchanged", () => {
    const [a, b, c] = times(3, (index) => merkleLeaf(BigInt(index), keccak256("0x01"))) as [Hex, Hex, Hex];
    const values = times(3, () => keccak256("0x01"));
    expect(digestsRootOf(values.slice(0, 1))).to.equal(a);
    const tree = buildTree(values);
    expect(tree[0]).to.deep.equal([a, b, c]);
    expect(tree[1]?.[1]).to.equal(c);
    expect(proofOf(tree, 2)).to.deep.equal([tree[1]?.[0]]);
  });

  it("hash a bundle's inputs before they become leaves", () => {
    const inputs = [random.bytes(0), random.bytes(1), random.bytes(100)];
    expect(inputsRootOf(inputs)).to.equal(digestsRootOf(inputs.map((input) => keccak256(input))));
  });

  it("refuse an empty bundle and an index beyond it", () => {
    expect(() => buildTree([])).to.throw("no items");
    expect(() => proofOf(buildTree([random.bytes(32)]), 1)).to.throw("no item 1");
  });
});
