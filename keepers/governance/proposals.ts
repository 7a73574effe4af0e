/** Proposals: read back from the governor's events, checked against their ids, with state and times. */
import { type Address, decodeAbiParameters, getAbiItem, type Hex, stringToHex } from "viem";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { type Proposal, proposalIdOf, proposalOf } from "../../sdk/governance/proposal.ts";
import { isOver, type ProposalState, proposalStateOf } from "../../sdk/governance/state.ts";
import type { Io } from "../cli/io.ts";
import { dateOf } from "../cli/text.ts";
import { UsageError } from "../commands/usage-error.ts";
import { type Governance, governorOf } from "./contracts.ts";
import { readEvents } from "./events.ts";

/** A proposal that was made. */
export type Made = { readonly id: bigint; readonly proposer: Address; readonly proposal: Proposal };

/** Where it stands. Times are Unix seconds; `etaS` is 0 until it is queued. Votes are in units of ATOMA. */
export type Standing = {
  readonly state: ProposalState;
  readonly voteStartS: bigint;
  readonly voteEndS: bigint;
  readonly etaS: bigint;
  readonly votes: { readonly against: bigint; readonly for: bigint; readonly abstain: bigint };
  /** Votes for and abstentions that are needed; undefined before voting begins. */
  readonly quorum: bigint | undefined;
};

const shortest = 4;

const createdParameters = getAbiItem({ abi: atomaGovernorAbi, name: "ProposalCreated" }).inputs.map((input) =>
  input.name === "description" ? { name: input.name, type: "bytes" } : input,
);

/** Any bytes can be proposed as a description. Those that text does not give back are kept beside it. */
const bytesBeside = (description: string, data: Hex): Pick<Proposal, "descriptionBytes"> => {
  const bytes = decodeAbiParameters(createdParameters, data).at(-1) as Hex; // the description is the last one
  return bytes === stringToHex(description) ? {} : { descriptionBytes: bytes };
};

/** All proposals, the oldest first. What does not hash to its id is left out: the RPC made it up. */
export const readProposals = async (io: Io, governance: Governance): Promise<readonly Made[]> => {
  const { addresses, fromBlock: from, session } = governance;
  const what = "Proposals are looked up";
  const query = {
    address: addresses.governor,
    abi: atomaGovernorAbi,
    eventName: "ProposalCreated",
    from,
    what,
  } as const;
  return (await readEvents(io, session, query)).flatMap(({ args, log }) => {
    const calls = args.targets.map((target, i) => ({
      target,
      value: args.values[i] ?? 0n,
      data: args.calldatas[i] ?? "0x",
    }));
    const proposal = { ...proposalOf(args.description, calls), ...bytesBeside(args.description, log.data) };
    return proposalIdOf(proposal) === args.proposalId
      ? [{ id: args.proposalId, proposer: args.proposer, proposal }]
      : [];
  });
};

/** The proposal with this id, or whose id alone begins so. Throws UsageError, which lists the candidates where there are several. */
export const findProposal = async (io: Io, governance: Governance, text: string): Promise<Made> => {
  const all = await readProposals(io, governance);
  const [found, ...others] = all.filter(({ id }) =>
    text.startsWith("0x") ? id === BigInt(text) : text.length >= shortest && `${id}`.startsWith(text),
  );
  if (found === undefined)
    throw new UsageError(
      `There is no proposal ${text}: ${all.length} were made. Give at least its first ${shortest} digits; atoma governance show lists open ones.`,
    );
  if (others.length > 0)
    throw new UsageError(
      `${text} is ambiguous. Give more digits: ${[found, ...others].map(({ id }) => `${id}`).join(", ")}.`,
    );
  return found;
};

/** Where a proposal stands now. */
export const readStanding = async (governance: Governance, id: bigint): Promise<Standing> => {
  const { publicClient } = governance.session.context;
  const read = { ...governorOf(governance), args: [id] } as const;
  const [clock, number, voteStartS, voteEndS, etaS, [against, support, abstain]] = await Promise.all([
    publicClient.readContract({ ...governorOf(governance), functionName: "clock" }),
    publicClient.readContract({ ...read, functionName: "state" }),
    publicClient.readContract({ ...read, functionName: "proposalSnapshot" }),
    publicClient.readContract({ ...read, functionName: "proposalDeadline" }),
    publicClient.readContract({ ...read, functionName: "proposalEta" }),
    publicClient.readContract({ ...read, functionName: "proposalVotes" }),
  ]);
  const state = proposalStateOf(number);
  const quorum =
    voteStartS >= clock
      ? undefined
      : await publicClient.readContract({ ...governorOf(governance), functionName: "quorum", args: [voteStartS] });
  return { state, voteStartS, voteEndS, etaS, votes: { against, for: support, abstain }, quorum };
};

/** Open proposals with where they stand. */
export const openProposals = async (io: Io, governance: Governance) => {
  const made = await readProposals(io, governance);
  const all = await Promise.all(
    made.map(async (one) => ({ ...one, standing: await readStanding(governance, one.id) })),
  );
  return all.filter(({ standing }) => !isOver(standing.state));
};

/** What state a proposal is in, until when, and what comes next. `nowS` is the chain's time. */
export const sentenceOf = ({ state, voteStartS, voteEndS, etaS }: Standing, nowS: bigint): string => {
  const sentences: Readonly<Record<ProposalState, string>> = {
    pending: `is pending: voting begins after ${dateOf(voteStartS)} and ends ${dateOf(voteEndS)}.`,
    active: `is being voted on, until ${dateOf(voteEndS)}.`,
    canceled: "was canceled. Propose it again with another description.",
    defeated: `was defeated: its vote ended ${dateOf(voteEndS)} without a quorum or a majority. Propose it again with another description.`,
    succeeded: "has passed its vote. Anyone may queue it: atoma governance queue.",
    queued:
      etaS > nowS
        ? `is queued, and can be executed from ${dateOf(etaS)} on.`
        : "is queued and due. Anyone may execute it: atoma governance execute.",
    expired: "has expired. Propose it again with another description.",
    executed: "was executed.",
  };
  return sentences[state];
};
