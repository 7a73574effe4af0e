import { Command } from "commander";
import type { Address } from "viem";
import { releaseStakeCall } from "../../sdk/client/release-stake.ts";
import { stakeCall } from "../../sdk/client/stake.ts";
import { withdrawStakeCall } from "../../sdk/client/withdraw-stake.ts";
import { act, type Intent, type SendingOptions } from "../cli/act.ts";
import { formatAmount, parseAmount } from "../cli/amounts.ts";
import { type Io, processIo } from "../cli/io.ts";
import { connected, nodeArgument, parseAddress, sending } from "../cli/options.ts";
import { pullCalls } from "../cli/pull.ts";
import { chainNowS, nodesOf, readNode, readStakes, type TaskStake } from "../cli/reads.ts";
import { type ConnectionOptions, openSession, type Session } from "../cli/session.ts";
import { stakeTokenOf } from "../cli/stake-token.ts";
import { dateOf, jsonLine } from "../cli/text.ts";
import { stakeTable } from "./node-list.ts";
import { UsageError } from "./usage-error.ts";

type DepositOptions = SendingOptions & { readonly amount: string; readonly stakeToken?: Address };
type WithdrawOptions = SendingOptions & { readonly amount?: string; readonly to?: Address };

/** `atoma stake`: ATOMA behind a node. */
export function stakeCommand(io: Io = processIo): Command {
  const command = new Command("stake").description("Stake of nodes: deposit, look at, withdraw").exitOverride();
  command.addCommand(
    sending(new Command("deposit").description("Adds free stake to a node").addArgument(nodeArgument()))
      .requiredOption("--amount <amount>", "whole ATOMA, such as 1000 or 12.5")
      .option("--stake-token <address>", "the address of ATOMA, where nobody has staked yet", parseAddress)
      .action(async (nodeId: bigint, options: DepositOptions) =>
        io.exit(await act(io, options, (session, { address }) => intendDeposit(io, session, address, nodeId, options))),
      ),
  );
  command.addCommand(
    connected(
      new Command("status").description("Shows a node's stake: free, locked, unbonding").addArgument(nodeArgument()),
    ).action(async (nodeId: bigint, options: ConnectionOptions) => io.exit(await status(io, nodeId, options))),
  );
  command.addCommand(
    sending(
      new Command("withdraw")
        .description("Releases what has unbonded, and pays free stake out. By the node's owner")
        .addArgument(nodeArgument()),
    )
      .option("--amount <amount>", "whole ATOMA; all that is free by default")
      .option("--to <address>", "who gets it; the owner by default", parseAddress)
      .action(async (nodeId: bigint, options: WithdrawOptions) =>
        io.exit(await act(io, options, (session, { address }) => intendWithdraw(session, address, nodeId, options))),
      ),
  );
  return command;
}

const intendDeposit = async (
  io: Io,
  session: Session,
  owner: Address,
  nodeId: bigint,
  options: DepositOptions,
): Promise<Intent> => {
  const { context, tokens } = session;
  const { deployment } = context;
  const amount = parseAmount(options.amount, tokens.stake, "--amount");
  await readNode(session, nodeId);
  const token = options.stakeToken ?? (await stakeTokenOf(io, session));
  const approvals = await pullCalls(session, { owner, token, spender: deployment.nodeRegistry, amount }, tokens.stake);
  const shown = formatAmount(amount, tokens.stake);
  return {
    plan: {
      title: `Stake ${shown} on node ${nodeId}:`,
      calls: [...approvals, stakeCall(deployment, { nodeId, amount })],
      spends: [{ amount, token: tokens.stake, what: `to node ${nodeId}; only its owner can take it out` }],
    },
    done: () => ({ sentence: `Node ${nodeId} has ${shown} more free stake.`, nodeId, amount }),
  };
};

const freeStakeOf = (session: Session, nodeId: bigint): Promise<bigint> =>
  session.context.publicClient.readContract({ ...nodesOf(session), functionName: "freeStake", args: [Number(nodeId)] });

const status = async (io: Io, nodeId: bigint, options: ConnectionOptions): Promise<number> => {
  const session = await openSession(io, options);
  await readNode(session, nodeId);
  const [free, tasks] = await Promise.all([freeStakeOf(session, nodeId), readStakes(session, nodeId)]);
  if (options.json === true) {
    io.out(jsonLine({ nodeId, free, tasks }));
    return 0;
  }
  io.out(`Node ${nodeId}: ${formatAmount(free, session.tokens.stake)} free`);
  if (tasks.length > 0) for (const line of stakeTable(tasks, session.tokens)) io.out(line);
  return 0;
};

/** Stake whose unbonding is over and that no dispute holds. */
const isReleasable = ({ unbonding, releaseAtS, frozenUntilS }: TaskStake, nowS: bigint): boolean =>
  unbonding > 0n && releaseAtS <= nowS && frozenUntilS < nowS;

const intendWithdraw = async (
  session: Session,
  sender: Address,
  nodeId: bigint,
  { amount: text, to = sender }: WithdrawOptions,
): Promise<Intent> => {
  const { stake: token } = session.tokens;
  const asked = text === undefined ? undefined : parseAmount(text, token, "--amount");
  await readNode(session, nodeId);
  const [free, stakes, nowS] = await Promise.all([
    freeStakeOf(session, nodeId),
    readStakes(session, nodeId),
    chainNowS(session),
  ]);
  const due = stakes.filter((one) => isReleasable(one, nowS));
  const available = due.reduce((total, { unbonding }) => total + unbonding, free);
  const amount = asked ?? available;
  if (amount > available)
    throw new UsageError(
      `Node ${nodeId} has ${formatAmount(available, token)} free. Unsubscribe it to free more, and wait until that has unbonded.`,
    );
  if (amount === 0n) return { no: `Node ${nodeId} has no free stake.${laterText(stakes)}` };
  const { deployment } = session.context;
  const releases = due.map(({ taskId }) => releaseStakeCall(deployment, { nodeId, taskId }));
  const shown = formatAmount(amount, token);
  return {
    plan: {
      title: `Withdraw ${shown} of node ${nodeId} to ${to}:`,
      calls: [...releases, withdrawStakeCall(deployment, { nodeId, to, amount })],
    },
    done: () => ({ sentence: `${shown} went to ${to}.`, nodeId, amount, to }),
  };
};

const laterText = (stakes: readonly TaskStake[]): string => {
  const later = stakes.filter(({ unbonding }) => unbonding > 0n);
  return later.map(({ taskId, releaseAtS }) => ` That of task ${taskId} unbonds until ${dateOf(releaseAtS)}.`).join("");
};
