/**
 * Compiles the guest programs to build/guests/NAME.wasm. The same sources give the same bytes everywhere, because the
 * compiler is pinned. Skips what is newer than every source; `--quiet` prints nothing but errors.
 */
import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = join(root, "keepers/executors/wasm/guests");
const isQuiet = process.argv.includes("--quiet");

/** Programs and their entry files; those of bench/ are for measurements and tests. */
const guests: Readonly<Record<string, string>> = {
  fold: "fold/main.ts",
  tune: "tune/main.ts",
  "bench-calls": "bench/calls.ts",
  "bench-mandelbrot": "bench/mandelbrot.ts",
  "bench-matmul": "bench/matmul.ts",
  "bench-sha256": "bench/sha256.ts",
  "bench-sort": "bench/sort.ts",
};

function newestSource(): number {
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return Math.max(...[...files.map((name) => join(sources, name)), fileURLToPath(import.meta.url)].map(modifiedAt));
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function compile(entry: string, target: string): Promise<void> {
  const options = ["--runtime", "stub", "-O3", "--converge", "--use", "abort=", "--uncheckedBehavior", "never"];
  const partial = join(dirname(target), `.${process.pid}.wasm`); // renamed when complete: others may read meanwhile
  const files = [relative(root, join(sources, entry)), "--outFile", relative(root, partial), "--baseDir", root];
  const { error, stderr } = await asc.main([...files, ...options]);
  if (error !== null) throw new Error(`Cannot compile ${entry}:\n${stderr.toString()}`, { cause: error });
  renameSync(partial, target);
}

const newest = newestSource();
for (const [name, entry] of Object.entries(guests)) {
  const target = join(root, "build/guests", `${name}.wasm`);
  if (modifiedAt(target) > newest) continue;
  mkdirSync(dirname(target), { recursive: true });
  await compile(entry, target);
  if (!isQuiet) console.log(`Compiled ${relative(root, target)} (${statSync(target).size} bytes)`);
}
