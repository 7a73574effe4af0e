import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { exceptions, functionsMissingFrom, stateChangingFunctions } from "../helpers/campaign-functions.ts";

const handlers = "test/contracts/fuzz";

/** All names by which the handlers of the campaign count calls: they are texts in their sources. */
function namesInHandlers(): ReadonlySet<string> {
  const sources = readdirSync(handlers).map((file) => readFileSync(join(handlers, file), "utf8"));
  return new Set(sources.flatMap((source) => [...source.matchAll(/"([^"\n]*)"/g)].map(([, name]) => name ?? "")));
}

describe("The fuzz campaign", () => {
  it("has a handler for every state-changing function of every contract", () => {
    expect(stateChangingFunctions()).to.have.length.greaterThan(90);
    expect(functionsMissingFrom(namesInHandlers())).to.deep.equal([]);
  });

  it("misses a function without a handler", () => {
    const names = new Set([...namesInHandlers()].filter((name) => !name.startsWith("Disputes.appeal")));
    expect(functionsMissingFrom(names)).to.deep.equal(["Disputes.appeal"]);
  });

  it("makes exceptions only for functions that exist and have no handler", () => {
    const names = namesInHandlers();
    for (const name of exceptions.keys()) {
      expect(stateChangingFunctions()).to.include(name);
      expect(names.has(name), name).to.equal(false);
    }
  });
});
