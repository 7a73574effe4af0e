import { Command } from "commander";
import { type Io, processIo } from "../cli/io.ts";
import { taskDeprecateCommand, taskSnapshotCommand } from "./task-change.ts";
import { taskListCommand, taskShowCommand } from "./task-list.ts";
import { taskCollectCommand, taskReturnBondCommand } from "./task-money.ts";
import { taskRegisterCommand } from "./task-register.ts";

/** `atoma task`: what is served. */
export function taskCommand(io: Io = processIo): Command {
  const command = new Command("task")
    .description("Tasks: register, look at, publish snapshots of their pools, get bond and royalties")
    .exitOverride();
  const changes = [taskSnapshotCommand, taskDeprecateCommand, taskReturnBondCommand, taskCollectCommand];
  for (const make of [taskRegisterCommand, taskListCommand, taskShowCommand, ...changes]) command.addCommand(make(io));
  return command;
}
