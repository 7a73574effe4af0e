import { Command } from "commander";
import { type Io, processIo } from "../cli/io.ts";
import { nodeConsentCommand } from "./node-consent.ts";
import { nodeListCommand, nodeStatusCommand } from "./node-list.ts";
import { nodeEndpointCommand, nodeRegisterCommand, nodeRotateCommand } from "./node-register.ts";
import { nodeSubscribeCommand, nodeUnsubscribeCommand, nodeUpdateAskCommand } from "./node-subscribe.ts";
import { nodeWithdrawCommand } from "./node-withdraw.ts";

/** `atoma node`: what an operator does with nodes. */
export function nodeCommand(io: Io = processIo): Command {
  const command = new Command("node")
    .description("Nodes: register, look at, subscribe to tasks, be paid")
    .exitOverride();
  const commands = [
    nodeRegisterCommand,
    nodeConsentCommand,
    nodeListCommand,
    nodeStatusCommand,
    nodeSubscribeCommand,
    nodeUnsubscribeCommand,
    nodeUpdateAskCommand,
    nodeWithdrawCommand,
    nodeRotateCommand,
    nodeEndpointCommand,
  ];
  for (const make of commands) command.addCommand(make(io));
  return command;
}
