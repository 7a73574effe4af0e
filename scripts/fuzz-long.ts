// The fuzz campaign of the whole protocol alone, with as many calls as asked for: one million unless told otherwise. Prints
// its table. The argument is the number of calls; ATOMA_FUZZ_SEED chooses other ones than the tests do.
import { spawnSync } from "node:child_process";

const callsPerRun = 1_000;
const calls = Number((process.argv[2] ?? "1000000").replaceAll(/[_,]/g, ""));
if (!Number.isInteger(calls / callsPerRun) || calls <= 0) {
  throw new Error(`The number of calls must be a multiple of ${callsPerRun}.`);
}
const campaign = ["test/run-solidity.ts", "test/contracts/Protocol.invariant.t.sol"];
const env = { ...process.env, ATOMA_FUZZ_RUNS: String(calls / callsPerRun) };
const startedAt = performance.now();
const { status } = spawnSync(process.execPath, campaign, { env, stdio: "inherit" });
const seconds = Math.round((performance.now() - startedAt) / 1_000);
console.log(`\n${calls} calls in ${seconds} s: ${status === 0 ? "no failure" : "failed"}.`);
process.exitCode = status ?? 1;
