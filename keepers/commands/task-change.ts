import { Command } from "commander";
import { parseEventLogs } from "viem";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { deprecateTaskCall } from "../../sdk/client/deprecate-task.ts";
import { publishSnapshotCall } from "../../sdk/client/publish-snapshot.ts";
import { act, type SendingOptions } from "../cli/act.ts";
import type { Io } from "../cli/io.ts";
import { sending, taskArgument } from "../cli/options.ts";
import { readTask } from "../cli/reads.ts";

/** `atoma task snapshot`: anyone may; requests need one that is young enough. */
export function taskSnapshotCommand(io: Io): Command {
  const command = new Command("snapshot").description(
    "Publishes the task's pool: requests draw from the latest snapshot",
  );
  return sending(command.addArgument(taskArgument())).action(async (taskId: bigint, options: SendingOptions) =>
    io.exit(
      await act(io, options, async (session) => {
        const { poolSize } = await readTask(session, taskId);
        return {
          plan: {
            title: `Publish a snapshot of task ${taskId}, which has ${poolSize} active nodes:`,
            calls: [publishSnapshotCall(session.context.deployment, taskId)],
          },
          done: ([receipt]) => {
            const { logs = [] } = receipt ?? {};
            const [log] = parseEventLogs({ abi: taskRegistryAbi, logs, eventName: "SnapshotPublished" });
            const { snapshotId, snapshot: address, nodes } = log?.args ?? {};
            return {
              sentence: `Snapshot ${snapshotId} of task ${taskId} has ${nodes} nodes. It is the code of ${address}.`,
              taskId,
              snapshotId,
              address,
              nodes,
            };
          },
        };
      }),
    ),
  );
}

/** `atoma task deprecate`: for good. */
export function taskDeprecateCommand(io: Io): Command {
  const command = new Command("deprecate").description(
    "Stops new requests of a task for good; open ones finish. By its publisher",
  );
  return sending(command.addArgument(taskArgument())).action(async (taskId: bigint, options: SendingOptions) =>
    io.exit(
      await act(io, options, async (session) => {
        await readTask(session, taskId);
        return {
          plan: {
            title: `Deprecate task ${taskId}:`,
            calls: [deprecateTaskCall(session.context.deployment, { taskId })],
            warnings: ["This cannot be undone."],
          },
          done: () => ({
            sentence: `Task ${taskId} takes no new requests. Its bond can be taken back in a week: atoma task return-bond ${taskId}`,
            taskId,
          }),
        };
      }),
    ),
  );
}
