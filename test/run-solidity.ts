// Runs the Solidity tests in this process, in which the fuzz campaign counts its successes, and prints them.
import hre from "hardhat";
import { campaignSuccesses, campaignTable } from "./helpers/campaign.ts";

const leastSuccesses = 100;

await hre.tasks.getTask(["test", "solidity"]).run({ noCompile: true });
const rare = campaignSuccesses(process.env).filter(([, successes]) => successes < leastSuccesses);
console.log(campaignTable(process.env));
for (const [name, successes] of rare) console.error(`${name} succeeded only ${successes} times in the campaign.`);
if (rare.length > 0 || campaignSuccesses(process.env).length === 0) process.exitCode = 1;
