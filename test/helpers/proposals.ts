import { id as hashOf } from "ethers";
import { type GovernedMarket, timelockDelayS, votingDelayS, votingPeriodS } from "./governed.ts";

/** What a proposal does, and why. */
export type Proposal = {
  readonly targets: readonly string[];
  readonly values: readonly bigint[];
  readonly calldatas: readonly string[];
  readonly description: string;
};

/** A proposal of calls without value. */
export function proposalOf(
  description: string,
  ...calls: readonly (readonly [target: string, data: string])[]
): Proposal {
  return {
    targets: calls.map(([target]) => target),
    values: calls.map(() => 0n),
    calldatas: calls.map(([, data]) => data),
    description,
  };
}

/** States of a proposal, in the order of the governor. */
export const states = {
  pending: 0n,
  active: 1n,
  canceled: 2n,
  defeated: 3n,
  succeeded: 4n,
  queued: 5n,
  executed: 7n,
} as const;

/** Ways of voting, in the order of the governor. */
export const votes = { against: 0, for: 1, abstain: 2 } as const;

/** The parts of a proposal as its later steps take them. */
export function stepArguments(proposal: Proposal): [string[], bigint[], string[], string] {
  const { targets, values, calldatas, description } = proposal;
  return [[...targets], [...values], [...calldatas], hashOf(description)];
}

/** Proposes by the first voter. Returns the proposal's id. */
export async function propose(m: GovernedMarket, proposal: Proposal): Promise<bigint> {
  const { targets, values, calldatas, description } = proposal;
  await m.governor.connect(m.voters[0]).propose([...targets], [...values], [...calldatas], description);
  return m.governor.hashProposal(...stepArguments(proposal));
}

/** Proposes and waits until voting begins. */
export async function proposeAndWait(m: GovernedMarket, proposal: Proposal): Promise<bigint> {
  const proposalId = await propose(m, proposal);
  await m.networkHelpers.time.increase(votingDelayS + 1n);
  return proposalId;
}

/** Takes a proposal through its vote, with the votes of the first two, and queues it. */
export async function passAndQueue(m: GovernedMarket, proposal: Proposal): Promise<bigint> {
  const proposalId = await proposeAndWait(m, proposal);
  for (const voter of m.voters.slice(0, 2)) await m.governor.connect(voter).castVote(proposalId, votes.for);
  await m.networkHelpers.time.increase(votingPeriodS + 1n);
  await m.governor.connect(m.stranger).queue(...stepArguments(proposal));
  return proposalId;
}

/** Takes a proposal all the way; a stranger executes it. */
export async function enact(m: GovernedMarket, proposal: Proposal) {
  await passAndQueue(m, proposal);
  await m.networkHelpers.time.increase(timelockDelayS);
  return m.governor.connect(m.stranger).execute(...stepArguments(proposal));
}
