import { expect } from "chai";
import { prove } from "../../scripts/smt/prove.ts";

const file = "test/smt/proved/Payout.sol";

/** Payout with another floor: a share of 10% too much. */
const withLargeShares = (path: string, text: string): string =>
  path.endsWith("libraries/Payout.sol")
    ? text.replace("(amount * basisPoints) / BASIS_POINTS", "(amount * basisPoints) / 9_000")
    : text;

describe("The model checker", () => {
  it("proves that a share is floored", () => {
    const { proved, open } = prove(file, "ShareIsFloored");
    expect(open).to.deep.equal([]);
    expect(proved).to.be.greaterThan(3);
  });

  it("does not prove it of a library that gives too much", () => {
    const { open } = prove(file, "ShareIsFloored", withLargeShares);
    expect(open.join("\n")).to.match(/Assertion violation happens here[\s\S]*share \* 10_000 <= amount \* rate/);
  });

  it("says so where a contract has nothing to prove", () => {
    expect(() => prove(file, "NoSuchContract")).to.throw("NoSuchContract");
  });
});
