// Runs the compiler's model checker over the proofs in test/smt, each in a process of its own with a limit of time, and prints what
// it found. `npm run smt`; with `-- --fast` only those that are known to be proved. Fails if one of those is not.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Finding, prove } from "./prove.ts";

/** A contract whose assertions are to be proved. `isKnown`: it was proved before. */
type Proof = { readonly file: string; readonly contract: string; readonly isKnown: boolean };
type Outcome = { readonly word: string; readonly seconds: number; readonly isGood: boolean };

const limitMs = 120_000;

/** Every contract of test/smt: those of `proved` hold, those of `undecided` the checker could not tell of. */
function proofs(): readonly Proof[] {
  return (["proved", "undecided"] as const).flatMap((folder) =>
    readdirSync(join("test", "smt", folder))
      .sort()
      .map((name) => ["test", "smt", folder, name].join("/"))
      .flatMap((file) =>
        [...readFileSync(file, "utf8").matchAll(/^contract (\w+)/gm)].map(([, contract = ""]) => ({
          file,
          contract,
          isKnown: folder === "proved",
        })),
      ),
  );
}

/** Runs one proof in another process: the compiler cannot be interrupted in this one. */
function run({ file, contract }: Proof): Outcome {
  const startMs = Date.now();
  const child = spawnSync(process.execPath, [import.meta.filename, file, contract], {
    encoding: "utf8",
    timeout: limitMs,
  });
  const seconds = (Date.now() - startMs) / 1_000;
  const { code } = (child.error ?? {}) as NodeJS.ErrnoException;
  if (child.error !== undefined && code !== "ETIMEDOUT") throw child.error;
  if (child.error !== undefined) return { word: `no answer in ${limitMs / 1_000} s`, seconds, isGood: false };
  if (child.status !== 0) throw new Error(`${contract} in ${file}: ${child.stderr}`);
  const { proved, open } = JSON.parse(child.stdout) as Finding;
  if (open.length === 0) return { word: `proved (${proved} conditions)`, seconds, isGood: true };
  return { word: `${open.length} of ${proved + open.length} conditions not proved`, seconds, isGood: false };
}

function runAll(all: readonly Proof[]): void {
  const lost: string[] = [];
  for (const proof of all) {
    const { word, seconds, isGood } = run(proof);
    const library = basename(proof.file, ".sol");
    console.log(`${library.padEnd(15)} ${proof.contract.padEnd(28)} ${seconds.toFixed(1).padStart(5)} s  ${word}`);
    if (proof.isKnown && !isGood) lost.push(proof.contract);
  }
  if (lost.length === 0) return;
  console.error(`Not proved any more: ${lost.join(", ")}.`);
  process.exitCode = 1;
}

const [file, contract] = process.argv.slice(2);
if (file !== undefined && contract !== undefined) process.stdout.write(JSON.stringify(prove(file, contract)));
else runAll(proofs().filter(({ isKnown }) => isKnown || file !== "--fast"));
