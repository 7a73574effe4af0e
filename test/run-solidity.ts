// Runs the Solidity tests, or those in the files named, in this process, in which the fuzz campaign counts its successes,
// and prints them.
import hre from "hardhat";
import { functionsMissingFrom } from "./helpers/campaign-functions.ts";
import { campaignSuccesses, campaignTable } from "./helpers/campaign.ts";

const leastSuccesses = 100;
const testFiles = process.argv.slice(2);

const { success }: { success: boolean } = await hre.tasks
  .getTask(["test", "solidity"])
  .run({ noCompile: true, testFiles });
const successes = campaignSuccesses(process.env);
const rare = successes.filter(([, count]) => count < leastSuccesses);
const isCounted = successes.length > 0;
const missing = isCounted ? functionsMissingFrom(new Set(successes.map(([name]) => name))) : ["The campaign"];
if (isCounted) console.log(campaignTable(process.env));
for (const [name, count] of rare) console.error(`${name} succeeded only ${count} times in the campaign.`);
for (const name of missing) console.error(`${name} never succeeded.`);
if (!success || rare.length > 0 || missing.length > 0) process.exitCode = 1;
