import { Command } from "commander";
import { subscribeCall } from "../../sdk/client/subscribe.ts";
import { unsubscribeCall } from "../../sdk/client/unsubscribe.ts";
import { updateAskCall } from "../../sdk/client/update-ask.ts";
import { act, type SendingOptions } from "../cli/act.ts";
import { formatAmount, formatAsk, parseAsk } from "../cli/amounts.ts";
import type { Io } from "../cli/io.ts";
import { nodeArgument, parseId, sending } from "../cli/options.ts";
import { readTask } from "../cli/reads.ts";

type Options = SendingOptions & { readonly task: bigint; readonly ask: string };

const about = (name: string, description: string): Command =>
  sending(new Command(name).description(description).addArgument(nodeArgument())).requiredOption(
    "--task <id>",
    "the task",
    parseId,
  );

const askOption = "--ask <amount>";
const askHelp = "price per unit, in whole payment tokens, such as 0.000005";

/** `atoma node subscribe`: serve a task from the next snapshot on. */
export function nodeSubscribeCommand(io: Io): Command {
  return about("subscribe", "Serves a task: locks its stake per node, out of the node's free stake")
    .requiredOption(askOption, askHelp)
    .action(async (nodeId: bigint, options: Options) => io.exit(await subscribe(io, nodeId, options)));
}

const subscribe = (io: Io, nodeId: bigint, options: Options): Promise<number> =>
  act(io, options, async (session) => {
    const { taskId, askExponent, stakePerNode } = await readTask(session, options.task);
    const { payment, stake: token } = session.tokens;
    const ask = parseAsk(options.ask, payment, askExponent, "--ask");
    const what = `locked for task ${taskId}. A wrong answer loses all of it; leaving takes the unbonding time`;
    return {
      plan: {
        title: `Serve task ${taskId} with node ${nodeId} at ${formatAsk(ask, payment, askExponent)} per unit:`,
        calls: [subscribeCall(session.context.deployment, { taskId, nodeId, ask })],
        spends: [{ amount: stakePerNode, token, what }],
      },
      done: () => ({
        sentence: `Node ${nodeId} serves task ${taskId} at ${formatAsk(ask, payment, askExponent)} per unit, from the first snapshot after the activation delay; ${formatAmount(stakePerNode, token)} are locked.`,
        nodeId,
        taskId,
        ask,
      }),
    };
  });

/** `atoma node update-ask`: another price. */
export function nodeUpdateAskCommand(io: Io): Command {
  return about("update-ask", "Changes the price of a subscription, from the next snapshot on")
    .requiredOption(askOption, askHelp)
    .action(async (nodeId: bigint, options: Options) => io.exit(await updateAsk(io, nodeId, options)));
}

const updateAsk = (io: Io, nodeId: bigint, options: Options): Promise<number> =>
  act(io, options, async (session) => {
    const { taskId, askExponent } = await readTask(session, options.task);
    const { payment } = session.tokens;
    const ask = parseAsk(options.ask, payment, askExponent, "--ask");
    const price = formatAsk(ask, payment, askExponent);
    return {
      plan: {
        title: `Ask ${price} per unit of task ${taskId} with node ${nodeId}:`,
        calls: [updateAskCall(session.context.deployment, { taskId, nodeId, ask })],
      },
      done: () => ({ sentence: `Node ${nodeId} asks ${price} from the next snapshot on.`, nodeId, taskId, ask }),
    };
  });

/** `atoma node unsubscribe`: serve a task no more. */
export function nodeUnsubscribeCommand(io: Io): Command {
  return about("unsubscribe", "Serves a task no more from the next snapshot on; its stake starts unbonding").action(
    async (nodeId: bigint, options: SendingOptions & { task: bigint }) =>
      io.exit(await unsubscribe(io, nodeId, options)),
  );
}

const unsubscribe = (io: Io, nodeId: bigint, options: SendingOptions & { task: bigint }): Promise<number> =>
  act(io, options, async (session) => {
    const { taskId } = await readTask(session, options.task);
    return {
      plan: {
        title: `End the subscription of node ${nodeId} to task ${taskId}:`,
        calls: [unsubscribeCall(session.context.deployment, { taskId, nodeId })],
        warnings: ["The node can be drawn until earlier snapshots are too old: keep it running until then."],
      },
      done: () => ({
        sentence: `Node ${nodeId} leaves task ${taskId}. Its stake is unbonding: atoma stake status ${nodeId} says until when.`,
        nodeId,
        taskId,
      }),
    };
  });
