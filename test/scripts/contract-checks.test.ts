import { expect } from "chai";
import { hiddenFunctions } from "../../scripts/contract-checks.ts";
import { deployables } from "../../scripts/deployables.ts";
import { differences, snapshotOf } from "../../scripts/snapshots.ts";
import { isOwnWarning, ownWarnings } from "../../scripts/warnings.ts";

const warning = (file: string | undefined, errorCode = "2072") => ({
  severity: "warning",
  errorCode,
  formattedMessage: "Warning: Unused local variable.",
  ...(file === undefined ? {} : { sourceLocation: { file } }),
});

describe("Warnings of the compiler", () => {
  it("are the project's own in its files, and where no file is named", () => {
    expect(isOwnWarning(warning("project/contracts/Disputes.sol"))).to.equal(true);
    expect(isOwnWarning(warning(undefined))).to.equal(true);
  });

  it("are not its own in packages, or if they are no warnings", () => {
    expect(isOwnWarning(warning("npm/@openzeppelin/contracts@5.7.0/utils/structs/Checkpoints.sol"))).to.equal(false);
    expect(isOwnWarning({ ...warning("project/contracts/Disputes.sol"), severity: "info" })).to.equal(false);
  });

  it("are expected by code and file: the size of the extension and of tests, and of no other contract", () => {
    const size = "5574";
    expect(isOwnWarning(warning("project/contracts/EscrowExtension.sol", size))).to.equal(false);
    expect(isOwnWarning(warning("project/test/contracts/Protocol.invariant.t.sol", size))).to.equal(false);
    expect(isOwnWarning(warning("project/contracts/RequestEscrow.sol", size))).to.equal(true);
    expect(isOwnWarning(warning("project/contracts/EscrowExtension.sol"))).to.equal(true);
  });

  it("are none in what is compiled", () => {
    expect(ownWarnings(".")).to.deep.equal([]);
  });
});

describe("Snapshots of contracts", () => {
  const registry = deployables().find(({ name }) => name === "NodeRegistry");
  if (registry === undefined) throw new Error("NodeRegistry is not compiled.");

  it("show storage, functions with their selectors, events and errors, in the same way each time", () => {
    const text = snapshotOf(registry);
    expect(text).to.equal(snapshotOf(registry));
    expect(text).to.include("0xaaf10398 function deposit(uint32 nodeId, uint256 amount)");
    expect(text).to.match(/^4 4 uint40 _unbonding$/m);
    expect(text).to.match(/^struct NodeRegistry\.Unbonding: 0 16 uint40 releaseAt$/m);
    expect(text).not.to.match(/t_(struct|contract|userDefinedValueType)/);
  });

  it("differ, line by line, where a function, a variable or a size does", () => {
    const { abi, layout, runtimeBytes } = registry;
    const storage = layout.storage.map((item) => (item.label === "_count" ? { ...item, slot: "9" } : item));
    const changed = {
      ...registry,
      abi: abi.filter(({ name }) => name !== "award"),
      layout: { ...layout, storage },
      runtimeBytes: runtimeBytes + 1,
    };
    expect(differences(snapshotOf(registry), snapshotOf(changed))).to.deep.equal([
      `- runtime ${runtimeBytes}`,
      "- 4 0 uint32 _count",
      "- 0x5d8a776e function award(address to, uint256 amount)",
      `+ runtime ${runtimeBytes + 1}`,
      "+ 9 0 uint32 _count",
    ]);
  });

  it("are of what is deployed: no interface, library or test double", () => {
    const names = deployables().map(({ name }) => name);
    expect(names).to.include.members(["AccessManager", "EscrowExtension", "TeeRegistry"]);
    expect(names).not.to.include.members(["P256"]);
    expect(names.some((name) => /^(I[A-Z]|Evil|Local)/.test(name))).to.equal(false);
  });
});

describe("The escrow's two halves", () => {
  const withFunction = (name: string, type: string) => ({
    abi: [{ type: "function", name, stateMutability: "view", inputs: [{ type }], outputs: [] }],
  });

  it("hide a function of the extension where another one of the core has its selector, 0x42966c68", () => {
    const [core, extension] = [withFunction("burn", "uint256"), withFunction("collate_propagate_storage", "bytes16")];
    expect(hiddenFunctions(core, extension)).to.deep.equal(["collate_propagate_storage(bytes16)"]);
    expect(hiddenFunctions(core, core)).to.deep.equal([]);
  });
});
