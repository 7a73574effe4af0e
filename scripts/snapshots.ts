// What of each deployable contract others rely on - storage layout, functions, events, errors, sizes - as text in snapshots/.
// An instance cannot be upgraded; the snapshots are there so that whoever reviews a change sees all of them.
//
// Writes them, or with --check says which differ from the compiled contracts, line by line.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EventFragment, type Fragment, FunctionFragment, Interface } from "ethers";
import { type Deployable, type StorageItem, deployables } from "./deployables.ts";

const folder = "snapshots";
const maxRuntimeBytes = 24_576; // EIP-170
const maxCreationBytes = 49_152; // EIP-3860

/** The snapshot of a contract: lines under headings, the same for the same contract. */
export function snapshotOf(contract: Deployable): string {
  const items = Interface.from(contract.abi).fragments;
  const sections: readonly (readonly [heading: string, lines: readonly string[]])[] = [
    ["sizes in bytes", [`runtime ${contract.runtimeBytes}`, `creation ${contract.creationBytes}`]],
    ["storage: slot, offset in bytes, type, name", storageLines(contract)],
    ["constructor", linesOf(items, "constructor")],
    ["functions", linesOf(items, "function")],
    ["events", linesOf(items, "event")],
    ["errors", linesOf(items, "error")],
    ["without a name", [...linesOf(items, "fallback"), ...linesOf(items, "receive")]],
  ];
  const body = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([heading, lines]) => `\n# ${heading}\n${lines.join("\n")}\n`);
  return `${contract.name} (${contract.source})\n${body.join("")}`;
}

/** Signatures with their selectors or topics, sorted by signature. */
function linesOf(items: readonly Fragment[], type: string): readonly string[] {
  return items
    .filter((item) => item.type === type)
    .map((item) => [item.format("full"), idOf(item)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([signature, id]) => (id === undefined ? signature : `${id} ${signature}`));
}

function idOf(item: Fragment): string | undefined {
  if (item instanceof EventFragment) return item.topicHash.slice(0, 10);
  return item instanceof FunctionFragment || "selector" in item ? String(Reflect.get(item, "selector")) : undefined;
}

/** Variables in order, then the members of each struct among them. Names of types have no numbers of the compiler's run. */
export function storageLines({ layout }: Deployable): readonly string[] {
  const types = layout.types ?? {};
  const nameOf = (type: string) => types[type]?.label ?? type;
  const lineOf = (item: StorageItem) => `${item.slot} ${item.offset} ${nameOf(item.type)} ${item.label}`;
  const structs = Object.values(types)
    .flatMap(({ label, members }) => (members ?? []).map((member) => `${label}: ${lineOf(member)}`))
    .filter((line, index, all) => all.indexOf(line) === index);
  // members of one struct stay in the order of their slots; structs are in order of their names
  const sorted = structs.sort((a, b) => (structOf(a) < structOf(b) ? -1 : Number(structOf(a) > structOf(b))));
  return [...layout.storage.map(lineOf), ...sorted];
}

const structOf = (line: string): string => line.slice(0, line.indexOf(": "));

/** Lines that only one of two texts has, each with + (new) or - (old). Order alone is no difference. */
export function differences(old: string, fresh: string): readonly string[] {
  const [before, after] = [old.split("\n"), fresh.split("\n")];
  const gone = before.filter((line) => !after.includes(line)).map((line) => `- ${line}`);
  return [...gone, ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`)];
}

function committed(name: string): string | undefined {
  const path = join(folder, `${name}.txt`);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** A file without a contract, of one that was renamed or removed. */
function leftOver(contracts: readonly Deployable[]): readonly string[] {
  const names = new Set(contracts.map(({ name }) => `${name}.txt`));
  return existsSync(folder) ? readdirSync(folder).filter((file) => !names.has(file)) : [];
}

/** Whether the committed snapshots are of the compiled contracts. Says what differs. */
export function areSnapshotsFresh(contracts = deployables()): boolean {
  const stale = contracts.filter((contract) => committed(contract.name) !== snapshotOf(contract));
  for (const contract of stale) {
    const old = committed(contract.name);
    console.error(old === undefined ? `${contract.name}: no snapshot` : `${contract.name} changed:`);
    const lines = old === undefined ? [] : differences(old, snapshotOf(contract));
    for (const line of lines) console.error(`  ${line}`);
  }
  const orphans = leftOver(contracts);
  for (const file of orphans) console.error(`${join(folder, file)}: no such contract`);
  if (stale.length + orphans.length === 0) return true;
  console.error('If that is meant, run "npm run snapshots", look at the difference, and commit it.');
  return false;
}

/** A table of sizes: what is left of the limits, and what changed since the snapshot. False where a contract is too large. */
export function areContractsSmall(contracts = deployables()): boolean {
  for (const { name, runtimeBytes } of contracts) {
    const before = committed(name)?.match(/^runtime (\d+)$/m)?.[1];
    const change = before === undefined ? "new" : signed(runtimeBytes - Number(before));
    const left = maxRuntimeBytes - runtimeBytes;
    console.log(`${name.padEnd(18)} ${number(runtimeBytes)} bytes, ${number(left)} left  ${change}`);
  }
  const large = contracts.filter(
    ({ runtimeBytes, creationBytes }) => runtimeBytes > maxRuntimeBytes || creationBytes > maxCreationBytes,
  );
  for (const { name } of large) console.error(`${name} is too large for a chain.`);
  return contracts.length > 0 && large.length === 0;
}

const number = (value: number): string => value.toLocaleString("en").padStart(7);
const signed = (value: number): string => (value === 0 ? "" : `${value > 0 ? "+" : ""}${value}`);

function write(contracts: readonly Deployable[]): void {
  mkdirSync(folder, { recursive: true });
  for (const contract of contracts) writeFileSync(join(folder, `${contract.name}.txt`), snapshotOf(contract));
  for (const file of leftOver(contracts)) rmSync(join(folder, file));
  console.log(`${contracts.length} snapshots in ${folder}/`);
}

if (import.meta.main) {
  if (process.argv.includes("--check")) process.exitCode = areSnapshotsFresh() ? 0 : 1;
  else write(deployables());
}
