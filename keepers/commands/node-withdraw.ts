import { Command } from "commander";
import { type Address, isAddressEqual } from "viem";
import { claimEarningsCall } from "../../sdk/client/claim-earnings.ts";
import { withdrawCall } from "../../sdk/client/withdraw.ts";
import { withdrawEarningsCall } from "../../sdk/client/withdraw-earnings.ts";
import { act, type Intent, type SendingOptions } from "../cli/act.ts";
import { formatAmount } from "../cli/amounts.ts";
import type { Io } from "../cli/io.ts";
import { nodeArgument, parseAddress, sending } from "../cli/options.ts";
import { chainNowS, escrowOf, readNode } from "../cli/reads.ts";
import type { Session } from "../cli/session.ts";
import { dateOf } from "../cli/text.ts";
import { UsageError } from "./usage-error.ts";

type Options = SendingOptions & { readonly to?: Address };

/** `atoma node withdraw`: earnings, in two steps with a dispute window between. Does the step that is due. */
export function nodeWithdrawCommand(io: Io): Command {
  const command = new Command("withdraw")
    .description(
      "Takes a node's earnings: claims them, and once a dispute window is over pays them to its owner's account in the escrow",
    )
    .addArgument(nodeArgument())
    .option("--to <address>", "pay what becomes due on to this address, out of the owner's account", parseAddress);
  return sending(command).action(async (nodeId: bigint, options: Options) =>
    io.exit(await act(io, options, (session, { address }) => intend(session, address, nodeId, options))),
  );
}

const intend = async (session: Session, sender: Address, nodeId: bigint, { to }: Options): Promise<Intent> => {
  const { owner, earnings } = await readNode(session, nodeId);
  const { publicClient, deployment } = session.context;
  const args = [Number(nodeId)] as const;
  const [claimed, availableAtS] = await publicClient.readContract({
    ...escrowOf(session),
    functionName: "claimOf",
    args,
  });
  const isDue = claimed > 0n && availableAtS < (await chainNowS(session));
  const show = (amount: bigint): string => formatAmount(amount, session.tokens.payment);
  if (to !== undefined && !isAddressEqual(owner, sender))
    throw new UsageError(
      `Only its owner ${owner} can pay the earnings of node ${nodeId} on: leave --to out, or use that key.`,
    );
  if (claimed > 0n && !isDue)
    return {
      no: `${show(claimed)} of node ${nodeId} can be withdrawn from ${dateOf(availableAtS)}: run this again then.`,
    };
  if (claimed + earnings === 0n) return { no: `Node ${nodeId} has no earnings to claim.` };
  const calls = [
    ...(isDue ? [withdrawEarningsCall(deployment, nodeId)] : []),
    ...(isDue && to !== undefined ? [withdrawCall(deployment, { amount: claimed, to })] : []),
    ...(earnings > 0n ? [claimEarningsCall(deployment, nodeId)] : []),
  ];
  return {
    plan: { title: `Take the earnings of node ${nodeId}:`, calls },
    done: () => ({
      sentence: [
        ...(isDue ? [`${show(claimed)} went to ${to ?? `the account of ${owner} in the escrow`}.`] : []),
        ...(earnings > 0n ? [`${show(earnings)} are claimed; run this again after the dispute window.`] : []),
      ].join(" "),
      nodeId,
      withdrawn: isDue ? claimed : 0n,
      claimed: earnings,
    }),
  };
};
