/** What all steps of a proposal have in common: it is found, in the right state, and said in words. */
import type { Done, Intent } from "../cli/act.ts";
import type { Io } from "../cli/io.ts";
import { chainNowS } from "../cli/reads.ts";
import type { Session } from "../cli/session.ts";
import type { ProposalState } from "../../sdk/governance/state.ts";
import { type Governance, openGovernance } from "../governance/contracts.ts";
import { proposalLines, warningsIn } from "../governance/describe.ts";
import { findProposal, type Made, readStanding, sentenceOf, type Standing } from "../governance/proposals.ts";
import { readKnown } from "./governance-files.ts";
import { UsageError } from "./usage-error.ts";

/** A proposal, where it stands, and the time of the chain. */
export type Found = {
  readonly governance: Governance;
  readonly made: Made;
  readonly standing: Standing;
  readonly nowS: bigint;
};

/** Finds a proposal. Throws UsageError unless it is in one of the states. */
export const findIn = async (
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

/** A plan of one call of the governor. */
export const planOf = (
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
export const tell = async (io: Io, { governance, made }: Found): Promise<readonly string[]> => {
  const known = await readKnown(io, governance);
  for (const line of proposalLines(known, made.proposal, true)) io.err(line);
  return warningsIn(known, made.proposal, true);
};
