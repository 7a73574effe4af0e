import { Argument, Command } from "commander";
import { type Address, encodeFunctionData, formatUnits, isAddressEqual } from "viem";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { atomaTokenAbi } from "../../sdk/abi/atoma-token.ts";
import { act, type Intent, type SendingOptions } from "../cli/act.ts";
import type { Io } from "../cli/io.ts";
import { parseAddress, sending } from "../cli/options.ts";
import type { Session } from "../cli/session.ts";
import { dateOf } from "../cli/text.ts";
import { governorOf, openGovernance } from "../governance/contracts.ts";
import { findIn, planOf, tell } from "./governance-found.ts";
import { proposalArgument } from "./governance-files.ts";

const ways = ["against", "for", "abstain"] as const;

/** `atoma governance vote`. */
export function voteCommand(io: Io): Command {
  const command = new Command("vote")
    .description("Votes on a proposal with what was delegated to the key when voting began. It cannot be changed")
    .addArgument(proposalArgument())
    .addArgument(new Argument("<way>", "how").choices([...ways]));
  return sending(command)
    .option("--reason <text>", "why, for all to read on the chain")
    .action(async (text: string, way: (typeof ways)[number], options: SendingOptions & { readonly reason?: string }) =>
      io.exit(
        await act(io, options, (session, { address }) => intendVote(io, session, address, text, way, options.reason)),
      ),
    );
}

const intendVote = async (
  io: Io,
  session: Session,
  voter: Address,
  text: string,
  way: (typeof ways)[number],
  reason = "",
): Promise<Intent> => {
  const found = await findIn(io, session, text, ["active"], "voted on");
  const { governance, made, standing } = found;
  const { publicClient } = session.context;
  const [votes, hasVoted] = await Promise.all([
    publicClient.readContract({
      ...governorOf(governance),
      functionName: "getVotes",
      args: [voter, standing.voteStartS],
    }),
    publicClient.readContract({ ...governorOf(governance), functionName: "hasVoted", args: [made.id, voter] }),
  ]);
  if (hasVoted) return { no: `${voter} has voted on this proposal. A vote cannot be changed.` };
  if (votes === 0n)
    return {
      no: `${voter} had no votes at ${dateOf(standing.voteStartS)}, when they were counted. Delegate before the next proposal: atoma governance delegate ADDRESS`,
    };
  const warnings = await tell(io, found);
  const support = ways.indexOf(way);
  const args = [made.id, support, reason] as const;
  const data = encodeFunctionData({ abi: atomaGovernorAbi, functionName: "castVoteWithReason", args });
  const shown = `${formatUnits(votes, 18)} votes`;
  return planOf(found, `Vote ${way} with ${shown}:`, data, warnings, () => ({
    sentence: `${shown} are ${way} proposal ${made.id}.`,
    ...{ proposalId: made.id, way, votes },
  }));
};

/** `atoma governance delegate`. */
export function delegateCommand(io: Io): Command {
  const command = new Command("delegate")
    .description("Gives the votes of the key's ATOMA to an account, its own too: what is not delegated has no vote")
    .argument("<address>", "who votes from now on", parseAddress);
  return sending(command).action(async (to: Address, options: SendingOptions) =>
    io.exit(await act(io, options, (session, { address }) => intendDelegate(session, address, to))),
  );
}

const intendDelegate = async (session: Session, holder: Address, to: Address): Promise<Intent> => {
  const { addresses } = await openGovernance(session);
  const token = { address: addresses.atoma, abi: atomaTokenAbi } as const;
  const { publicClient } = session.context;
  const [balance, before] = await Promise.all([
    publicClient.readContract({ ...token, functionName: "balanceOf", args: [holder] }),
    publicClient.readContract({ ...token, functionName: "delegates", args: [holder] }),
  ]);
  const shown = `${formatUnits(balance, 18)} ATOMA`;
  if (isAddressEqual(before, to)) return { no: `The votes of ${holder}, ${shown}, are with ${to} already.` };
  const data = encodeFunctionData({ abi: atomaTokenAbi, functionName: "delegate", args: [to] });
  return {
    plan: {
      title: `Delegate the votes of ${shown} to ${to}:`,
      calls: [{ action: "Cannot delegate", to: addresses.atoma, data }],
    },
    done: () => ({
      sentence: `The votes of ${holder} are with ${to}, on proposals whose voting begins from now on.`,
      holder,
      to,
      balance,
    }),
  };
};
