/** The commands of `atoma`, put together. */
import { Command, CommanderError } from "commander";
import { explain } from "./cli/explain.ts";
import { type Io, processIo } from "./cli/io.ts";
import { accountCommand } from "./commands/account.ts";
import { attestCommand } from "./commands/attest.ts";
import { completeCommand, completionCommand } from "./commands/completion.ts";
import { disputeCommand } from "./commands/dispute.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { governanceCommand } from "./commands/governance.ts";
import { modelCommand } from "./commands/model.ts";
import { nodeCommand } from "./commands/node.ts";
import { requestCommand } from "./commands/request.ts";
import { stakeCommand } from "./commands/stake.ts";
import { taskCommand } from "./commands/task.ts";
import { verifyQuoteCommand } from "./commands/verify-quote.ts";
import { watchCommand } from "./commands/watch.ts";

/** What the program exits with: 0 and 1 are a command's answer. */
const failed = 2;

/** The program with all its commands. */
export const makeProgram = (io: Io = processIo): Command =>
  new Command("atoma")
    .description("The Atoma network from a terminal. Each command has its own --help. Docs: docs/cli.md")
    .exitOverride()
    .addCommand(nodeCommand(io))
    .addCommand(taskCommand(io))
    .addCommand(modelCommand(io))
    .addCommand(requestCommand(io))
    .addCommand(watchCommand(io))
    .addCommand(disputeCommand(io))
    .addCommand(stakeCommand(io))
    .addCommand(accountCommand(io))
    .addCommand(governanceCommand(io))
    .addCommand(doctorCommand(io))
    .addCommand(verifyQuoteCommand())
    .addCommand(attestCommand())
    .addCommand(completionCommand(io))
    .addCommand(completeCommand(io), { hidden: true });

/** Commander's own errors go the way of all lines, each of them on its own. */
const route = (command: Command, io: Io): void => {
  const outputError = (text: string): void => {
    for (const line of text.trimEnd().split("\n")) io.err(line);
  };
  command.configureOutput({ outputError });
  for (const one of command.commands) route(one, io);
};

/** Runs a command line, without the program's name. Sets the exit status; never throws. */
export const runProgram = async (argv: readonly string[], io: Io = processIo): Promise<void> => {
  const program = makeProgram(io);
  route(program, io);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    const isTold = error instanceof CommanderError; // commander has printed its own errors
    if (!isTold) for (const line of `atoma: ${explain(error)}`.split("\n")) io.err(line);
    io.exit(isTold && error.exitCode === 0 ? 0 : failed);
  }
};
