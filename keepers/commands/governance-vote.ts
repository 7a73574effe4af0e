import { Argument, Command } from "commander";
import { type Address, encodeFunctionData, formatUnits, isAddressEqual } from "viem";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { atomaTokenAbi } from "../../sdk/abi/atoma-token.ts";
import { descriptionHash, type Proposal } from "../../sdk/governance/proposal.ts";
import type { ProposalState } from "../../sdk/governance/state.ts";
import { act, type Done, type Intent, type SendingOptions } from "../cli/act.ts";
import type { Io } from "../cli/io.ts";
import { parseAddress, sending } from "../cli/options.ts";
import { chainNowS } from "../cli/reads.ts";
import type { Session } from "../cli/session.ts";
import { dateOf } from "../cli/text.ts";
import { type Governance, governorOf, openGovernance } from "../governance/contracts.ts";
import { proposalLines, warningsIn } from "../governance/describe.ts";
import { findProposal, type Made, readStanding, sentenceOf, type Standing } from "../governance/proposals.ts";
import { proposalArgument, readKnown } from "./governance-files.ts";
import { UsageError } from "./usage-error.ts";

type Found = {
  readonly governance: Governance;
  readonly made: Made;
  readonly standing: Standing;
  readonly nowS: bigint;
};

const ways = ["against", "for", "abstain"] as const;

/** Finds a proposal. Throws UsageError unless it is in one of the states. */
const findIn = async (
  io: Io,
  session: Session,
  text: string,
  states: readonly ProposalState[],
  what: string,
): Promise<Found> => {
  const governance = await openGovernance(session);
  const made = await findProposal(io, governance, text);
  const [standing, nowS] = await Promise.all([readStanding(governance, made.id), chainNowS(session)]);
  if (!states.includes(standing.state))
    throw new UsageError(`It cannot be ${what}: proposal ${made.id} ${sentenceOf(standing, nowS)}`);
  return { governance, made, standing, nowS };
};

const stepData = (functionName: "queue" | "execute" | "cancel", proposal: Proposal) =>
  encodeFunctionData({
    abi: atomaGovernorAbi,
    functionName,
    args: [proposal.targets, proposal.values, proposal.calldatas, descriptionHash(proposal)],
  });

const planOf = (
  { governance }: Found,
  title: string,
  data: `0x${string}`,
  warnings: readonly string[],
  done: () => Done | Promise<Done>,
): Intent => ({
  plan: { title, calls: [{ action: title.replace(/:$/, ""), to: governance.addresses.governor, data }], warnings },
  done,
});

/** Says the proposal in words first: what a person agrees to should be read. */
const tell = async (io: Io, { governance, made }: Found): Promise<readonly string[]> => {
  const known = await readKnown(io, governance);
  for (const line of proposalLines(known, made.proposal)) io.err(line);
  return warningsIn(known, made.proposal);
};

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

/** `atoma governance queue`. */
export function queueCommand(io: Io): Command {
  const command = new Command("queue").description(
    "Starts the delay of a proposal that has passed its vote. By anyone",
  );
  return sending(command.addArgument(proposalArgument())).action(async (text: string, options: SendingOptions) =>
    io.exit(await act(io, options, (session) => intendQueue(io, session, text))),
  );
}

const intendQueue = async (io: Io, session: Session, text: string): Promise<Intent> => {
  const found = await findIn(io, session, text, ["succeeded"], "queued");
  const { governance, made } = found;
  return planOf(found, `Queue proposal ${made.id}:`, stepData("queue", made.proposal), [], async () => {
    const { etaS } = await readStanding(governance, made.id);
    const sentence = `Proposal ${made.id} is queued, and can be executed from ${dateOf(etaS)} on.`;
    return { sentence, proposalId: made.id, etaS };
  });
};

/** `atoma governance execute`. */
export function executeCommand(io: Io): Command {
  const command = new Command("execute").description("Executes a proposal whose delay is over. By anyone");
  return sending(command.addArgument(proposalArgument())).action(async (text: string, options: SendingOptions) =>
    io.exit(await act(io, options, (session) => intendExecute(io, session, text))),
  );
}

const intendExecute = async (io: Io, session: Session, text: string): Promise<Intent> => {
  const found = await findIn(io, session, text, ["queued"], "executed");
  const { made, standing, nowS } = found;
  if (standing.etaS > nowS)
    throw new UsageError(`It cannot be executed: proposal ${made.id} ${sentenceOf(standing, nowS)}`);
  const warnings = await tell(io, found);
  const data = stepData("execute", made.proposal);
  return planOf(found, `Execute proposal ${made.id}:`, data, warnings, () => ({
    sentence: `Proposal ${made.id} was executed.`,
    proposalId: made.id,
  }));
};

/** `atoma governance cancel`. */
export function cancelCommand(io: Io): Command {
  const command = new Command("cancel").description(
    "Cancels a proposal, for good. By the guardian until it is executed, by its proposer until voting begins",
  );
  return sending(command.addArgument(proposalArgument())).action(async (text: string, options: SendingOptions) =>
    io.exit(await act(io, options, (session, { address }) => intendCancel(io, session, address, text))),
  );
}

const intendCancel = async (io: Io, session: Session, caller: Address, text: string): Promise<Intent> => {
  const found = await findIn(io, session, text, ["pending", "active", "succeeded", "queued"], "canceled");
  const { governance, made, standing, nowS } = found;
  const read = { ...governorOf(governance), functionName: "proposalGuardian" } as const;
  const guardian = await session.context.publicClient.readContract(read);
  const isProposer = isAddressEqual(caller, made.proposer);
  if (!isAddressEqual(caller, guardian) && !(isProposer && standing.state === "pending"))
    throw new UsageError(
      `${caller} cannot cancel it: the guardian ${guardian} can until it is executed, and its proposer ${made.proposer} until voting begins. It ${sentenceOf(standing, nowS)}`,
    );
  const data = stepData("cancel", made.proposal);
  return planOf(found, `Cancel proposal ${made.id}:`, data, ["This cannot be undone."], () => ({
    sentence: `Proposal ${made.id} was canceled.`,
    proposalId: made.id,
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
