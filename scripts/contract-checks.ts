// What must hold of the compiled contracts: sizes, one storage layout, fresh ABIs, gas within its ceilings.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const maxCodeBytes = 24_576; // EIP-170

/** A check by its name; false where it does not hold, having said why. */
export type Check = readonly [name: string, run: () => boolean];

/** Runs a script under this Node, and says whether it went well. */
export function node(...args: readonly string[]): boolean {
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status === 0;
}

/** Part of the tests, and so of every check. */
export const contractChecks: readonly Check[] = [
  ["contract sizes", areContractsSmall],
  ["storage layout", isStorageShared],
  ["ABI freshness", () => node("scripts/generate-abis.ts", "--check")],
  ["gas ceilings", () => node("scripts/bench-gas.ts")],
];

/** Deployable contracts, which are all but interfaces and test doubles. */
function deployables(): readonly { readonly name: string; readonly bytes: number }[] {
  const files = readdirSync("artifacts/contracts", { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".json") && !/^(mocks|interfaces|types|libraries)\//.test(file))
    .map((file) => JSON.parse(readFileSync(join("artifacts/contracts", file), "utf8")) as Artifact)
    .map(({ contractName, deployedBytecode }) => ({ name: contractName, bytes: (deployedBytecode.length - 2) / 2 }))
    .filter(({ bytes }) => bytes > 0);
}

type Artifact = { contractName: string; deployedBytecode: string; buildInfoId: string };

function areContractsSmall(): boolean {
  const rows = deployables();
  for (const { name, bytes } of rows) console.log(`${name.padEnd(20)} ${bytes} of ${maxCodeBytes} bytes`);
  return rows.length > 0 && rows.every(({ bytes }) => bytes <= maxCodeBytes);
}

/** The core and its extension work on one storage: their layouts must be the same, variable by variable. */
function isStorageShared(): boolean {
  const [core, extension] = ["RequestEscrow", "EscrowExtension"].map(layoutOf);
  if (core === undefined || core !== extension) {
    console.error("RequestEscrow and EscrowExtension lay out storage differently: declare state in EscrowState only.");
    return false;
  }
  return true;
}

function layoutOf(name: string): string | undefined {
  const source = `contracts/${name}.sol`;
  const { buildInfoId } = JSON.parse(readFileSync(`artifacts/${source}/${name}.json`, "utf8")) as Artifact;
  const path = `artifacts/build-info/${buildInfoId}.output.json`;
  if (!existsSync(path)) return undefined;
  const { output } = JSON.parse(readFileSync(path, "utf8")) as { output: BuildOutput };
  const layout = output.contracts[`project/${source}`]?.[name]?.storageLayout?.storage;
  return (
    layout && JSON.stringify(layout.map(({ label, slot, offset, type }) => [label, slot, offset, withoutAstIds(type)]))
  );
}

/** Definitions are numbered anew by each run of the compiler: `t_userDefinedValueType(SlotWord)123` and the like. */
function withoutAstIds(type: string): string {
  return type.replaceAll(/(t_(?:userDefinedValueType|struct|enum|contract)\(\w+\))\d+/g, "$1");
}

type BuildOutput = {
  contracts: Record<
    string,
    Record<string, { storageLayout?: { storage: { label: string; slot: string; offset: number; type: string }[] } }>
  >;
};
