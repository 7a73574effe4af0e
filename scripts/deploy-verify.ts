// Proves a deployment: see --help.
import { DeploymentError } from "../deploy/parameters/network-file.ts";
import { causesOf } from "./deploy/causes.ts";
import { verifyCommand } from "./deploy/verify-command.ts";

try {
  if (!(await verifyCommand(process.argv.slice(2), console.log))) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof DeploymentError ? error.message : causesOf(error));
  process.exitCode = 1;
}
process.exit(); // an explorer that never decided would be asked for ever
