import { Command } from "commander";
import { encodeFunctionData, parseEventLogs } from "viem";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { collectFeesCall } from "../../sdk/client/collect-fees.ts";
import { act, type Intent, type SendingOptions } from "../cli/act.ts";
import { formatAmount } from "../cli/amounts.ts";
import type { Io } from "../cli/io.ts";
import { sending, taskArgument } from "../cli/options.ts";
import { escrowOf, readTask } from "../cli/reads.ts";
import type { Session } from "../cli/session.ts";

/** `atoma task collect`: royalties to the publisher's account. */
export function taskCollectCommand(io: Io): Command {
  const command = new Command("collect").description(
    "Moves a task's royalties to the account of its publisher. Anyone may",
  );
  return sending(command.addArgument(taskArgument())).action(async (taskId: bigint, options: SendingOptions) =>
    io.exit(await act(io, options, (session) => intendCollect(session, taskId))),
  );
}

/** `atoma task return-bond`: once, a week after the end of the task. */
export function taskReturnBondCommand(io: Io): Command {
  const command = new Command("return-bond").description(
    "Pays the bond of a task back to its publisher, a week after it was deprecated. Anyone may",
  );
  return sending(command.addArgument(taskArgument())).action(async (taskId: bigint, options: SendingOptions) =>
    io.exit(await act(io, options, (session) => intendReturn(session, taskId))),
  );
}

const intendCollect = async (session: Session, taskId: bigint): Promise<Intent> => {
  const { context, tokens } = session;
  const { publisher } = await readTask(session, taskId);
  const args = [Number(taskId)] as const;
  const [royalty] = await context.publicClient.readContract({ ...escrowOf(session), functionName: "feesOf", args });
  if (royalty === 0n) return { no: `Task ${taskId} has no royalties to collect.` };
  return {
    plan: {
      title: `Collect ${formatAmount(royalty, tokens.payment)} of royalties of task ${taskId} for ${publisher}:`,
      calls: [collectFeesCall(context.deployment, taskId)],
    },
    done: (receipts) => {
      const logs = receipts.flatMap((receipt) => receipt.logs);
      const [log] = parseEventLogs({ abi: requestEscrowAbi, logs, eventName: "FeesCollected" });
      const amount = log?.args.royalty ?? 0n;
      const sentence = `${formatAmount(amount, tokens.payment)} are in the account of ${publisher}: atoma account withdraw pays it out.`;
      return { sentence, taskId, publisher, amount };
    },
  };
};

const intendReturn = async (session: Session, taskId: bigint): Promise<Intent> => {
  const { context, tokens } = session;
  const { publisher } = await readTask(session, taskId);
  const { taskRegistry: to } = context.deployment;
  const data = encodeFunctionData({ abi: taskRegistryAbi, functionName: "returnBond", args: [Number(taskId)] });
  return {
    plan: {
      title: `Pay the bond of task ${taskId} back to ${publisher}:`,
      calls: [{ action: "Cannot return the bond", to, data }],
    },
    done: (receipts) => {
      const logs = receipts.flatMap((receipt) => receipt.logs);
      const [log] = parseEventLogs({ abi: taskRegistryAbi, logs, eventName: "PublisherBondReturned" });
      const amount = log?.args.amount ?? 0n;
      return { sentence: `${formatAmount(amount, tokens.stake)} went to ${publisher}.`, taskId, publisher, amount };
    },
  };
};
