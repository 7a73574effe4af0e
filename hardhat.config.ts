import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import toolbox from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { defineConfig } from "hardhat/config";
import type { HardhatPlugin } from "hardhat/types/plugins";

const require = createRequire(import.meta.url);

/** Runs of 1,000 calls each of the fuzz of a whole instance. */
const fuzzRuns = Number(process.env.ATOMA_FUZZ_RUNS ?? 20);
/** A shorter sequence of calls is looked for so often after a failure; each attempt replays up to 1,000 calls. */
const shrinkAttempts = 100;
/** 32 bytes in hex: without it the tests of every run are the same. */
const fuzzSeed = process.env.ATOMA_FUZZ_SEED;

/** The compiler from npm: nothing is downloaded. `runs` weighs the gas of calls against the size of code. */
const compiler = (runs: number) => ({
  version: "0.8.37",
  path: require.resolve("solc/soljson.js"),
  settings: {
    viaIR: true,
    evmVersion: "osaka",
    outputSelection: { "*": { "*": ["storageLayout"] } },
    optimizer: { enabled: true, runs },
  },
});

/** Compiles with all processors, where Hardhat leaves one idle: half the time where there are two. */
const allProcessors: HardhatPlugin = {
  id: "all-processors",
  hookHandlers: {
    solidity: async () => ({
      default: async () => ({
        build: async (context, files, options, next) =>
          next(context, files, { ...options, concurrency: availableParallelism() }),
      }),
    }),
  },
};

export default defineConfig({
  plugins: [toolbox, allProcessors],
  paths: {
    ignition: "deploy",
    tests: { solidity: "test/contracts", mocha: "test" },
  },
  typechain: { outDir: "types" },
  solidity: {
    npmFilesToBuild: [
      "@openzeppelin/contracts/access/manager/AccessManager.sol",
      "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol",
      "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol",
    ],
    compilers: [compiler(800)],
    overrides: {
      "contracts/RequestEscrow.sol": compiler(100_000), // every request and settlement
      "contracts/Disputes.sol": compiler(200), // near the limit of a contract's code
      "contracts/EscrowExtension.sol": compiler(200),
      "contracts/DcapCollateral.sol": compiler(200),
      "contracts/governance/AtomaGovernor.sol": compiler(200),
      "contracts/TeeRegistry.sol": compiler(100_000),
      "contracts/DcapVerifier.sol": compiler(3_000), // every quote; more does not fit
    },
  },
  networks: {
    // Block gas limit above the 16,777,216 cap of one transaction (EIP-7825), as on mainnet.
    default: { type: "edr-simulated", chainType: "l1", hardfork: "osaka", blockGasLimit: 60_000_000 },
    // A copy of any chain, where `npm run deploy` rehearses.
    rehearsal: { type: "edr-simulated", chainType: "generic", hardfork: "osaka", blockGasLimit: 60_000_000 },
  },
  test: {
    mocha: { timeout: 300_000 },
    solidity: {
      fuzz: { runs: 256, ...(fuzzSeed === undefined ? {} : { seed: fuzzSeed }) },
      invariant: { runs: fuzzRuns, depth: 1_000, failOnRevert: true, shrinkRunLimit: shrinkAttempts },
    },
  },
});
