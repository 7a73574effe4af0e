// Runs every test: Solidity (unit, fuzz, invariants), TypeScript, and the checks of contracts and gas. Ends with a line "N passed, N failed, N skipped".
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { contractChecks } from "./contract-checks.ts";

type Tally = { passed: number; failed: number; skipped: number };

const hardhat = "node_modules/hardhat/dist/src/cli.js";

/** Folders of TypeScript tests that are run together by one process: what one leaves behind does not reach the next. */
const groups = {
  contracts: ["contracts"],
  "state-machine": ["state-machine"],
  sdk: ["sdk"],
  simulator: ["simulator"],
  scripts: ["scripts"],
  docs: ["docs"],
  deploy: ["deploy"],
  model: ["gateway/model"],
  executors: ["keepers/executors"],
  "keepers, by the machine's clock": [
    "keepers/executor",
    "keepers/main",
    "keepers/network",
    "keepers/runtime",
    "keepers/signed",
  ],
  "keepers, by the chain's clock": ["keepers"],
  e2e: ["e2e"],
} as const;
type Group = keyof typeof groups;

/**
 * What runs after each other, in two lanes beside each other where there are two processors. Few tests look at the machine's
 * clock; those have a processor for themselves, and the whole demo has the machine.
 */
const acts: readonly { readonly lanes: readonly [readonly (Group | "solidity")[], readonly Group[]] }[] = [
  {
    lanes: [
      ["solidity", "contracts", "simulator", "scripts", "model"],
      ["state-machine", "sdk", "docs", "deploy"],
    ],
  },
  { lanes: [["keepers, by the machine's clock"], ["keepers, by the chain's clock", "executors"]] },
  { lanes: [["e2e"], []] },
];

/** Every test file, under the group with the longest folder that holds it. */
function filesByGroup(): Map<Group, string[]> {
  const names = Object.keys(groups) as Group[];
  const folders = names.flatMap((group) => groups[group].map((folder) => ({ group, folder })));
  const found = new Map<Group, string[]>(names.map((group) => [group, []]));
  for (const file of readdirSync("test", { recursive: true, encoding: "utf8" }).sort()) {
    if (!file.endsWith(".test.ts")) continue;
    const holding = folders.filter(({ folder }) => file.startsWith(`${folder}/`));
    const group = holding.sort((a, b) => b.folder.length - a.folder.length)[0]?.group;
    if (group === undefined) throw new Error(`test/${file} is in none of the folders that scripts/test.ts runs.`);
    found.get(group)?.push(`test/${file}`);
  }
  return found;
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
  const startMs = Date.now();
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  console.log(`-- ${title}: ${Math.round((Date.now() - startMs) / 1_000)} s`);
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
const files = filesByGroup();
const suiteOf = (group: Group | "solidity"): Suite =>
  group === "solidity"
    ? { title: "Solidity", args: ["test/run-solidity.ts"] }
    : {
        title: `TypeScript: ${group}`,
        args: [hardhat, "test", "mocha", "--no-compile", ...(files.get(group) ?? [])],
      };
for (const { lanes } of acts) {
  const [first, beside] = [lanes[0].map(suiteOf), lanes[1].map(suiteOf)];
  if (availableParallelism() > 1) await Promise.all([runAll(first, tally), runAll(beside, tally, false)]);
  else await runAll([...first, ...beside], tally);
}
for (const [name, check] of contractChecks) {
  console.log(`\n== ${name}`);
  const isGood = check();
  tally.passed += Number(isGood);
  tally.failed += Number(!isGood);
}
console.log(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
if (tally.failed > 0) process.exitCode = 1;
