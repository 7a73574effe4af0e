// Runs every test: Solidity (unit, fuzz, invariants), TypeScript, and the checks of contracts and gas. Ends with a line "N passed, N failed, N skipped".
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { contractChecks } from "./contract-checks.ts";

type Tally = { passed: number; failed: number; skipped: number };

const hardhat = "node_modules/hardhat/dist/src/cli.js";

/** Folders of TypeScript tests, each run by a process of its own: what one leaves behind does not reach the next. */
const folders = [
  "contracts",
  "state-machine",
  "sdk",
  "keepers/executors",
  "keepers",
  "scripts",
  "simulator",
  "docs",
  "e2e",
];
/** Those that run beside the tests of the contracts, where there are two processors: they need no more than one. */
const suitesBeside = ["state-machine", "sdk", "simulator", "scripts", "docs"];

/** Every test file, under the longest of the folders that holds it. */
function filesByFolder(): Map<string, string[]> {
  const files = readdirSync("test", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".test.ts"));
  const groups = new Map<string, string[]>(folders.map((folder) => [folder, []]));
  for (const file of files.sort()) {
    const folder = folders.filter((one) => file.startsWith(`${one}/`)).sort((a, b) => b.length - a.length)[0];
    const group = groups.get(folder ?? "");
    if (group === undefined) throw new Error(`test/${file} is in none of the folders that scripts/test.ts runs.`);
    group.push(`test/${file}`);
  }
  return groups;
}

type Suite = { readonly title: string; readonly args: readonly string[] };

/** Runs a suite, shows what it prints, at once or when it has ended, and counts the tests by the runner's closing lines. */
async function run({ title, args }: Suite, tally: Tally, isShownAtOnce = true): Promise<void> {
  const show = (chunk: string): void => void (isShownAtOnce && process.stdout.write(chunk));
  show(`\n== ${title}\n`);
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, FORCE_COLOR: process.stdout.isTTY ? "1" : "0" },
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    show(chunk);
    text += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (!isShownAtOnce) process.stdout.write(`\n== ${title}\n${text}`);
  const count = (word: string) => Number(text.match(new RegExp(`^\\s*(\\d+) ${word}`, "m"))?.[1] ?? 0);
  const [passed, failed, skipped] = [count("passing"), count("failing"), count("pending") + count("skipped")];
  tally.passed += passed;
  tally.skipped += skipped;
  // a runner that fails without counting a failure, or counts no test at all, is a failure of its own
  tally.failed += failed > 0 ? failed : Number(code !== 0 || passed === 0);
}

async function runAll(suites: readonly Suite[], tally: Tally, isShownAtOnce = true): Promise<void> {
  for (const suite of suites) await run(suite, tally, isShownAtOnce);
}

const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
const files = filesByFolder();
const suiteOf = (folder: string): Suite => ({
  title: `TypeScript: test/${folder}`,
  args: [hardhat, "test", "mocha", "--no-compile", ...(files.get(folder) ?? [])],
});
const solidity = { title: "Solidity", args: ["test/run-solidity.ts"] };
// what does not look at the machine's clock shares the machine; the rest has it for itself
const beside = suitesBeside.map(suiteOf);
const first = [solidity, suiteOf("contracts")];
if (availableParallelism() > 1) await Promise.all([runAll(first, tally), runAll(beside, tally, false)]);
else await runAll([...first, ...beside], tally);
const done = new Set<string>(["contracts", ...suitesBeside]);
await runAll(folders.filter((folder) => !done.has(folder)).map(suiteOf), tally);
for (const [name, check] of contractChecks) {
  console.log(`\n== ${name}`);
  const isGood = check();
  tally.passed += Number(isGood);
  tally.failed += Number(!isGood);
}
console.log(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
if (tally.failed > 0) process.exitCode = 1;
