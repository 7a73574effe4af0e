import { Command } from "commander";
import { type Io, processIo } from "../cli/io.ts";
import { decodeCommand } from "./governance-decode.ts";
import { emissionsCommand } from "./governance-emissions.ts";
import { liftCommand, pauseCommand } from "./governance-pause.ts";
import { proposeCommand } from "./governance-propose.ts";
import { showCommand } from "./governance-show.ts";
import { cancelCommand, executeCommand, queueCommand } from "./governance-steps.ts";
import { delegateCommand, voteCommand } from "./governance-vote.ts";
import { workloadsCommand } from "./governance-workloads.ts";

/** `atoma governance`: what holders of ATOMA decide. */
export function governanceCommand(io: Io = processIo): Command {
  const command = new Command("governance")
    .description("Governance: look at it, propose, read proposals, vote, queue, execute, cancel, pause, emissions")
    .exitOverride();
  const voting = [voteCommand, queueCommand, executeCommand, cancelCommand, delegateCommand];
  const others = [pauseCommand, liftCommand, workloadsCommand, emissionsCommand];
  for (const make of [showCommand, proposeCommand, decodeCommand, ...voting, ...others]) command.addCommand(make(io));
  return command;
}
