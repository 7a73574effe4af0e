// Compiles the contracts and their tests. Quiet, but for errors and for warnings that concern this project.
import { spawnSync } from "node:child_process";

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

const { status, stdout, stderr } = spawnSync(process.execPath, [hardhat, "build", ...process.argv.slice(2)], {
  encoding: "utf8",
  maxBuffer: 64 * 1_024 * 1_024,
});
const blocks = `${stdout}${stderr}`.split(/\n\n+/).map((block) => block.trim());
const shown = blocks.filter((block) => block !== "" && !expected.some((pattern) => pattern.test(block)));
if (status !== 0) console.error(blocks.join("\n\n"));
else if (shown.length > 0) console.error(shown.join("\n\n"));
process.exitCode = status ?? 1;
