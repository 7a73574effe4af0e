/** The seed of a run of tests: random, or given by ATOMA_MINT_SEED to repeat a failure. */
import { randomBytes } from "node:crypto";

export const runSeed: string = process.env.ATOMA_MINT_SEED ?? randomBytes(8).toString("hex");

/** A seed for one case, so that cases of a run differ and each can be repeated. */
export const caseSeed = (name: string): string => `${runSeed}:${name}`;

/** Call inside `describe`: a test that fails prints how to repeat it. */
export const printSeedOnFailure = (): void => {
  afterEach(function () {
    if (this.currentTest?.state === "failed") console.error(`      repeat with ATOMA_MINT_SEED=${runSeed}`);
  });
};
