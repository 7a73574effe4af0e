// All that a change must pass: format, lint, types, and the tests, which check sizes, layout, ABIs and gas as well.
import { join } from "node:path";
import { isModelPackageInstalled } from "../gateway/model/start.ts";
import { type Check, node } from "./contract-checks.ts";

const bin = (path: string) => join("node_modules", path);

// it sees the types of packages that not every machine has
const typesOfModel: Check = [
  "types of the model server",
  () => node(bin("typescript/bin/tsc"), "-p", "gateway/model/tsconfig.json"),
];
const checks: readonly Check[] = [
  ["format", () => node(bin("prettier/bin/prettier.cjs"), "--check", "--log-level", "warn", ".")],
  ["lint", () => node(bin("eslint/bin/eslint.js"), ".")],
  ["types", () => node(bin("typescript/bin/tsc"), "-p", "tsconfig.json")],
  ["types of tests", () => node(bin("typescript/bin/tsc"), "-p", "tsconfig.test.json")],
  ...(isModelPackageInstalled() ? [typesOfModel] : []),
  ["tests", () => node("scripts/test.ts")],
];

const failed = checks.filter(([name, run]) => {
  console.log(`\n== ${name}`);
  const isGood = run();
  if (!isGood) console.error(`!! ${name} failed`);
  return !isGood;
});
console.log(failed.length === 0 ? "\nAll checks passed." : `\nFailed: ${failed.map(([name]) => name).join(", ")}.`);
if (failed.length > 0) process.exitCode = 1;
