import { expect } from "chai";
import { encodeErrorResult, type Hex, toFunctionSelector, zeroAddress } from "viem";
import { protocolErrors } from "../../sdk/errors/abi.ts";
import { decodeContractError, errorSentences, explainError, explainReason } from "../../sdk/errors/explain.ts";

const selectorOf = (signature: string): Hex => toFunctionSelector(signature);
const samples: Readonly<Record<string, unknown>> = {
  bool: true,
  address: zeroAddress,
  string: "text",
  bytes4: selectorOf("NotOpen()"),
  bytes32: `0x${"11".repeat(32)}`,
  "uint256[4]": [1n, 2n, 3n, 4n],
};
const sampleOf = (type: string) => {
  const width = Number(/\d+$/.exec(type)?.[0]);
  return samples[type] ?? (type.startsWith("bytes") ? `0x${"11".repeat(width)}` : width <= 48 ? 7 : 7n);
};

describe("Explained errors", () => {
  it("cover every error of every contract with a sentence", () => {
    expect(protocolErrors.length).to.be.greaterThan(100);
    const missing = protocolErrors.filter(({ name }) => errorSentences[name] === undefined).map(({ name }) => name);
    expect(missing).to.deep.equal([]);
  });

  it("have no sentence for an error that no contract has", () => {
    const names = new Set([...protocolErrors.map(({ name }) => name), "Error", "Panic"]);
    expect(Object.keys(errorSentences).filter((name) => !names.has(name))).to.deep.equal([]);
  });

  it("show every argument by its value and leave no placeholder", () => {
    protocolErrors.forEach((error) => {
      const args = error.inputs.map(({ type }) => sampleOf(type));
      const explained = decodeContractError(encodeErrorResult({ abi: [error], errorName: error.name, args }));
      expect(explained?.name).to.equal(error.name);
      expect(explained?.sentence, error.name).to.match(/^[^{}]+[.]$/);
    });
  });

  it("name the reason inside a refused settlement", () => {
    const data = encodeErrorResult({
      abi: protocolErrors,
      errorName: "NothingSettled",
      args: [selectorOf("DeadlinePassed()")],
    });
    const cause = Object.assign(new Error("reverted"), { data: { data } });
    const sentence = explainError(new Error("outer", { cause }));
    expect(sentence).to.contain("No item of the batch").and.contain("The time to settle is over");
    expect(explainReason(selectorOf("ClockLagged()"))).to.contain("clock lags");
    expect(explainReason("0xdeadbeef")).to.contain("not known");
  });

  it("fall back to what the library said", () => {
    expect(explainError(new Error("no route to host"))).to.equal("no route to host");
    expect(explainError(Object.assign(new Error("long"), { shortMessage: "short" }))).to.equal("short");
    expect(explainError("plain")).to.equal("plain");
    expect(decodeContractError("0xdeadbeef")).to.equal(undefined);
  });
});
