// Deploys a network or an instance: see --help. Rehearses unless it is told to send.
import { causesOf } from "./deploy/causes.ts";
import { deployCommand } from "./deploy/command.ts";
import { DeploymentError } from "../deploy/parameters/network-file.ts";
import { UsageError } from "../keepers/commands/usage-error.ts";
import { SignerError } from "../keepers/runtime/errors.ts";

process.once("SIGINT", () => {
  console.error("\nInterrupted. Nothing is lost: to go on, run the same command again.");
  process.exit(130);
});

try {
  await deployCommand(process.argv.slice(2), console.log);
} catch (error) {
  const isExpected = [DeploymentError, UsageError, SignerError].some((one) => error instanceof one);
  console.error(
    isExpected && error instanceof Error
      ? error.message
      : `${causesOf(error)}\nNothing is lost: correct what is named, and run the same command again.`,
  );
  process.exitCode = 1;
}
