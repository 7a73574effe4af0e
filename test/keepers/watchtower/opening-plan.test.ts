import { expect } from "chai";
import { type Hex, keccak256, numberToHex } from "viem";
import type { AttestationMessage } from "../../../keepers/network/messages.ts";
import { type OpeningFacts, openingsOf } from "../../../keepers/watchtower/opening-plan.ts";

const word = (n: number): Hex => keccak256(numberToHex(n));
const [right, wrong, other] = [word(1), word(2), word(3)];

const said = (nodeId: bigint, digest: Hex): AttestationMessage => ({
  requestId: word(7),
  level: 0n,
  nodeId,
  digest,
  committed: 1n,
  commitRoot: word(9),
  salt: `0x${"22".repeat(16)}`,
  leaves: [word(9)],
  signature: `0x${"11".repeat(64)}`,
});

/** A committee of five with a quorum of four, of whose time to settle something is left. */
const open = (attestations: readonly AttestationMessage[], changes: Partial<OpeningFacts> = {}): OpeningFacts => ({
  nowS: 100n,
  members: [1n, 2n, 3n, 4n, 5n],
  quorum: 4,
  attestations,
  deadlineS: 200n,
  expireAtS: 300n,
  claimed: undefined,
  found: undefined,
  hasBond: false,
  ...changes,
});
const claimed = (attestations: readonly AttestationMessage[], changes: Partial<OpeningFacts> = {}): OpeningFacts =>
  open(attestations, { claimed: { digest: right, untilS: 150n }, ...changes });
const kindsOf = (facts: OpeningFacts) => openingsOf(facts).map(({ kind }) => kind);

describe("watchtower's plan of openings", () => {
  const [a, b, c] = [said(1n, right), said(2n, wrong), said(3n, right)];

  it("leaves members that can still agree alone, and takes up a conflict that leaves no quorum", () => {
    expect(kindsOf(open([a, c]))).to.deep.equal([]);
    expect(kindsOf(open([a, b]))).to.deep.equal([]); // four may yet say the same
    const lost = open([a, b, c, said(4n, other)]);
    expect(new Set(kindsOf(lost))).to.deep.equal(new Set(["openByConflict"]));
    const [first] = openingsOf(lost);
    expect(first).to.deep.equal({ kind: "openByConflict", first: a, second: b, untilS: 300n });
  });

  it("takes up any conflict when the time to settle is over, to the last second in which it can", () => {
    expect(kindsOf(open([a, b], { nowS: 200n }))).to.deep.equal([]);
    expect(kindsOf(open([a, b], { nowS: 201n }))).to.deep.equal(["openByConflict"]);
    expect(kindsOf(open([a, b], { nowS: 300n }))).to.deep.equal(["openByConflict"]);
    expect(kindsOf(open([a, b], { nowS: 301n }))).to.deep.equal([]);
    expect(kindsOf(open([a, c], { nowS: 201n }))).to.deep.equal([]);
  });

  it("takes two words of one node for no conflict, and both for one voice of a quorum", () => {
    const twice = [a, said(1n, wrong)];
    expect(kindsOf(open(twice, { nowS: 201n }))).to.deep.equal([]);
    expect(kindsOf(open([...twice, c, said(4n, right)]))).to.deep.equal([]);
  });

  it("tries a bounded number of pairs", () => {
    const many = Array.from({ length: 21 }, (_, i) => said(BigInt(i + 1), i % 2 === 0 ? right : wrong));
    const pairs = openingsOf(open(many, { nowS: 201n }));
    expect(pairs.length).to.equal(16);
    const firsts = pairs.map((one) => (one.kind === "openByConflict" ? one.first.nodeId : 0n));
    expect(new Set(firsts).size, "a member whose words are refused blocks nothing").to.equal(16);
  });

  it("shows a dissent from what the chain took, to the last second", () => {
    expect(openingsOf(claimed([a, b, c]))).to.deep.equal([{ kind: "openByDissent", dissent: b, untilS: 150n }]);
    expect(kindsOf(claimed([a, b], { nowS: 150n }))).to.deep.equal(["openByDissent"]);
    expect(kindsOf(claimed([a, b], { nowS: 151n }))).to.deep.equal([]);
    expect(kindsOf(claimed([a, c]))).to.deep.equal([]);
  });

  it("puts up a bond against what came out otherwise here, only where it may, and after free evidence", () => {
    expect(kindsOf(claimed([a], { found: wrong }))).to.deep.equal([]);
    expect(kindsOf(claimed([a], { found: wrong, hasBond: true }))).to.deep.equal(["openByBond"]);
    expect(kindsOf(claimed([a], { found: right, hasBond: true }))).to.deep.equal([]);
    expect(kindsOf(claimed([b], { found: wrong, hasBond: true }))).to.deep.equal(["openByDissent", "openByBond"]);
    expect(kindsOf(claimed([a], { found: wrong, hasBond: true, nowS: 151n }))).to.deep.equal([]);
  });
});
