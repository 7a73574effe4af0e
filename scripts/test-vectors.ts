// Verifies real-world vectors on chain and in TypeScript. A line for each vector; exit status 1 on any difference.
import { fileURLToPath } from "node:url";
import { attestationFolder } from "./vectors/attestation-folder.ts";
import { chainVerifier, makeDcapSuite, typeScriptVerifier } from "./vectors/dcap.ts";
import { makeDrandSuite } from "./vectors/drand.ts";
import { makeNvidiaSuite, typeScriptGpuVerifier } from "./vectors/nvidia.ts";
import { isPassed, lineOf, VectorFileError, type VectorSuite } from "./vectors/suite.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../test/fixtures/${name}`, import.meta.url));

const suites: readonly VectorSuite[] = [
  makeDrandSuite(fixture("drand-evmnet.json"), process.env.ATOMA_DRAND_VECTORS || undefined),
  makeDcapSuite(attestationFolder(), [chainVerifier, typeScriptVerifier]),
  makeNvidiaSuite(attestationFolder(), [typeScriptGpuVerifier], Math.floor(Date.now() / 1000)),
];

/** Runs a suite and prints its lines. A file that cannot be used counts as one failure and says what is wrong with it. */
async function runSuite({ name, run }: VectorSuite): Promise<{ passed: number; failed: number }> {
  const count = { passed: 0, failed: 0 };
  try {
    for await (const result of run((line) => console.log(`${name}: ${line}`))) {
      count[isPassed(result) ? "passed" : "failed"]++;
      console.log(lineOf(result));
    }
  } catch (error) {
    if (!(error instanceof VectorFileError)) throw error;
    count.failed++;
    console.error(`${name}: ${error.message}`);
  }
  return count;
}

let [passed, failed] = [0, 0];
for (const suite of suites) {
  const count = await runSuite(suite);
  passed += count.passed;
  failed += count.failed;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
