// Deploys a network or an instance: see --help. Rehearses unless it is told to send.
import { deployCommand } from "./deploy/command.ts";
import { DeploymentError } from "../deploy/parameters/network-file.ts";
import { visible } from "../keepers/cli/text.ts";
import { UsageError } from "../keepers/commands/usage-error.ts";
import { SignerError } from "../keepers/runtime/errors.ts";

try {
  await deployCommand(process.argv.slice(2), console.log);
} catch (error) {
  const isExpected = [DeploymentError, UsageError, SignerError].some((one) => error instanceof one);
  console.error(isExpected && error instanceof Error ? error.message : describe(error));
  process.exitCode = 1;
}

/** Errors of viem have a short message; their long one repeats the causes. */
function shortOf(error: Error): string {
  return "shortMessage" in error ? String(error.shortMessage) : error.message;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return visible(String(error));
  const causes: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) causes.push(visible(shortOf(at)));
  return `${causes.join("\n  because: ")}\nNothing is lost: correct what is named, and run the same command again.`;
}
