import { expect } from "chai";
import { parameters } from "../../../sdk/governance/parameters.ts";
import { parseProposal, proposalIdOf, proposalJson, proposalOf, proposerIn } from "../../../sdk/governance/proposal.ts";
import { formatDuration, formatValue, parseDuration, parseValue } from "../../../sdk/governance/values.ts";

const target = "0x9E545E3C0baAB3E08CdfD552C960A1050f373042";
const usd = { symbol: "USD", decimals: 6 };

describe("Proposals as text", () => {
  it("are the same after writing and reading, and every part of them makes the id", () => {
    const proposal = proposalOf("Why\n", [{ target, value: 2n ** 70n, data: "0x1234" }]);
    const read = parseProposal(JSON.parse(proposalJson(proposal)));
    expect(read).to.deep.equal(proposal);
    const others = [
      { ...proposal, description: "Why" },
      { ...proposal, values: [0n] },
      { ...proposal, calldatas: ["0x1235" as const] },
    ];
    expect(new Set([proposal, ...others].map(proposalIdOf)).size).to.equal(4);
  });

  it("are refused with the field that is wrong", () => {
    const good = { targets: [target], values: ["0"], calldatas: ["0x"], description: "" };
    expect(parseProposal(good).values).to.deep.equal([0n]);
    const wrong: readonly (readonly [change: object, message: string])[] = [
      [{ targets: [target.replace("9E", "9e")] }, "targets[0]"],
      [{ values: [-1] }, "values[0]"],
      [{ values: ["1e3"] }, "values[0]"],
      [{ calldatas: ["0x123"] }, "calldatas[0]"],
      [{ calldatas: [] }, "one entry for each call"],
      [{ targets: [], values: [], calldatas: [] }, "1 to 100 calls"],
      [{ description: 5 }, "description"],
    ];
    for (const [change, message] of wrong) expect(() => parseProposal({ ...good, ...change })).to.throw(message);
    expect(() => parseProposal(null)).to.throw("not an object");
  });

  it("name their proposer only at the very end of the description, as the governor reads it", () => {
    expect(proposerIn(`Why #proposer=${target.toLowerCase()}`)).to.equal(target);
    expect(proposerIn(`Why #proposer=${target} `)).to.equal(undefined);
    expect(proposerIn(`Why #proposer=${target.slice(0, -1)}`)).to.equal(undefined);
  });
});

describe("Values of governance", () => {
  it("are times with a unit, whole numbers, or amounts with the decimals that there are", () => {
    expect(["90", "90s", "15m", "12h", "2d", "0"].map(parseDuration)).to.deep.equal([
      90n,
      90n,
      900n,
      43_200n,
      172_800n,
      0n,
    ]);
    expect(["-1", "1.5h", "2w", "", "01", "1e3"].map(parseDuration)).to.deep.equal(Array(6).fill(undefined));
    expect(parseValue("stakePrice", "paymentPerAtoma", "0.25", usd)).to.equal(250_000n);
    expect(parseValue("tipFloor", "millionths", "0.000001", { symbol: "DAI", decimals: 18 })).to.equal(1n);
    for (const [unit, text] of [
      ["basisPoints", "0.5"],
      ["atoma", "1e3"],
      ["paymentPerAtoma", "0.0000001"],
      ["count", "-3"],
    ] as const)
      expect(() => parseValue("x", unit, text, usd), text).to.throw(`"${text}" is not`);
  });

  it("are shown so that no two look alike", () => {
    expect([0n, 59n, 60n, 5_400n, 172_800n].map(formatDuration)).to.deep.equal(["0s", "59s", "1m", "90m", "2d"]);
    for (const { unit, name } of parameters)
      expect(new Set([0n, 1n, 60n, 61n, 86_400n].map((value) => formatValue(unit, value, usd))).size, name).to.equal(5);
  });
});
