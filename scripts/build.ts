// Compiles the contracts and their tests. Quiet, but for errors and for warnings that concern this project, which are errors.
import { spawn } from "node:child_process";
import { ownWarnings } from "./warnings.ts";

const hardhat = "node_modules/hardhat/dist/src/cli.js";
/** Compiling takes long the first time, and nothing at all when nothing has changed. */
const silenceMs = 8_000;
const everyMs = 15_000;

type Build = { readonly status: number | null; readonly output: string };

/** Runs the compiler, and says so where it takes a while. */
function build(): Promise<Build> {
  const child = spawn(process.execPath, [hardhat, "build", ...process.argv.slice(2)]);
  const startMs = Date.now();
  const seconds = (): number => Math.round((Date.now() - startMs) / 1_000);
  const first = setTimeout(() => console.error("Compiling the contracts (once, some minutes) ..."), silenceMs);
  const again = setInterval(() => console.error(`Compiling the contracts: ${seconds()} s so far ...`), everyMs);
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (errors += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(first);
      clearInterval(again);
      resolve({ status, output: `${output}${errors}` });
    });
  });
}

const { status, output } = await build();
const warnings = status === 0 ? ownWarnings(".") : [];
if (status !== 0) console.error(output.trim());
if (warnings.length > 0) {
  console.error(warnings.join("\n\n"));
  console.error(`\n${warnings.length} warnings of the compiler, which count as errors: mend what they name.`);
}
process.exitCode = warnings.length > 0 ? 1 : (status ?? 1);
