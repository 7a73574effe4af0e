// What must hold of the contracts: style, sizes, one storage layout, reviewed layouts and ABIs, gas within its ceilings.
import { spawnSync } from "node:child_process";
import { deployables } from "./deployables.ts";
import { areContractsSmall, areSnapshotsFresh, storageLines } from "./snapshots.ts";

/** A check by its name; false where it does not hold, having said why. */
export type Check = readonly [name: string, run: () => boolean];

/** Runs a script under this Node, and says whether it went well. */
export function node(...args: readonly string[]): boolean {
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status === 0;
}

/** Rules in solhint.yaml. Without --disc it would ask a registry for its latest version. */
const solhint = ["--disc", "--noPoster", "-c", "solhint.yaml", "--max-warnings", "0", "contracts/**/*.sol"];

/** Part of the tests, and so of every check. */
export const contractChecks: readonly Check[] = [
  ["contract style", () => node("node_modules/solhint/solhint.js", ...solhint)],
  ["contract sizes", areContractsSmall],
  ["storage layout", isStorageShared],
  ["layouts and ABIs as reviewed", areSnapshotsFresh],
  ["ABI freshness", () => node("scripts/generate-abis.ts", "--check")],
  ["gas ceilings", () => node("scripts/bench-gas.ts")],
];

/** The core and its extension work on one storage: their layouts must be the same, variable by variable. */
function isStorageShared(): boolean {
  const [core, extension] = ["RequestEscrow", "EscrowExtension"].map((name) => {
    const contract = deployables().find((one) => one.name === name);
    return contract && storageLines(contract).join("\n");
  });
  if (core === undefined || core !== extension) {
    console.error("RequestEscrow and EscrowExtension lay out storage differently: declare state in EscrowState only.");
    return false;
  }
  return true;
}
