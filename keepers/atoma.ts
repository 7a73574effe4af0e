/** The program `atoma`: one file per command in `commands/`. */
import { Command } from "commander";
import { attestCommand } from "./commands/attest.ts";
import { modelCommand } from "./commands/model.ts";
import { verifyQuoteCommand } from "./commands/verify-quote.ts";
import { errorLine } from "./runtime/errors.ts";

/** What the program exits with: 0 and 1 are a command's answer. */
const failed = 2;

const program = new Command("atoma")
  .description("Tools of the Atoma network. Each command has its own --help")
  .exitOverride()
  .addCommand(verifyQuoteCommand())
  .addCommand(attestCommand())
  .addCommand(modelCommand());

try {
  await program.parseAsync(process.argv);
} catch (error) {
  const { exitCode } = error as { exitCode?: unknown }; // commander has printed its own errors
  if (exitCode === undefined) process.stderr.write(`atoma: ${errorLine(error)}\n`);
  process.exitCode = exitCode === 0 ? 0 : failed;
}
