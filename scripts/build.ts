// Compiles the contracts and their tests. Quiet, but for errors and for warnings that concern this project.
import { spawn } from "node:child_process";

const hardhat = "node_modules/hardhat/dist/src/cli.js";
/**
 * Warnings about names and features that OpenZeppelin's contracts use as they should, and about a size that nobody deploys:
 * that of the extension with the core's settings. The tests look at the sizes of what is deployed.
 */
const expected = [
  /^Warning: "at" will be promoted/,
  /^Warning: Transient storage as defined by EIP-1153/,
  /^Warning: Contract code size is/,
];

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
const blocks = output.split(/\n\n+/).map((block) => block.trim());
const shown = blocks.filter((block) => block !== "" && !expected.some((pattern) => pattern.test(block)));
if (status !== 0) console.error(blocks.join("\n\n"));
else if (shown.length > 0) console.error(shown.join("\n\n"));
process.exitCode = status ?? 1;
