// What must hold of the contracts: style, sizes, one storage layout, reviewed layouts and ABIs, gas within its ceilings.
import { spawnSync } from "node:child_process";
import { Interface } from "ethers";
import { type Deployable, deployables } from "./deployables.ts";
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
  ["selectors of the escrow", isNothingHidden],
  ["layouts and ABIs as reviewed", areSnapshotsFresh],
  ["ABI freshness", () => node("scripts/generate-abis.ts", "--check")],
  ["gas ceilings", () => node("scripts/bench-gas.ts")],
];

/** The two contracts behind the escrow's address. */
function halves(): readonly [core: Deployable, extension: Deployable] {
  const [core, extension] = ["RequestEscrow", "EscrowExtension"].map((name) =>
    deployables().find((one) => one.name === name),
  );
  if (core === undefined || extension === undefined) throw new Error('No compiled escrow. Run "npm run build".');
  return [core, extension];
}

/** The core and its extension work on one storage: their layouts must be the same, variable by variable. */
function isStorageShared(): boolean {
  const [core, extension] = halves().map((half) => storageLines(half).join("\n"));
  if (core === extension) return true;
  console.error("RequestEscrow and EscrowExtension lay out storage differently: declare state in EscrowState only.");
  return false;
}

/** What the core answers never reaches the extension: it may hide only functions that both inherit. */
function isNothingHidden(): boolean {
  const hidden = hiddenFunctions(...halves());
  for (const name of hidden)
    console.error(`${name} of the extension has the selector of a function of the core: rename it.`);
  return hidden.length === 0;
}

/** Functions of the extension that nobody can call, because another one of the core has their selector. */
export function hiddenFunctions(core: Pick<Deployable, "abi">, extension: Pick<Deployable, "abi">): readonly string[] {
  const front = signaturesOf(core);
  return [...signaturesOf(extension)].filter(([id, name]) => (front.get(id) ?? name) !== name).map(([, name]) => name);
}

/** Signatures by their selectors. */
function signaturesOf({ abi }: Pick<Deployable, "abi">): ReadonlyMap<string, string> {
  const functions = new Map<string, string>();
  Interface.from(abi).forEachFunction((one) => functions.set(one.selector, one.format("sighash")));
  return functions;
}
