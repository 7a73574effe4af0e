/** Proposals as files, as arguments, and what is needed to put them into words. */
import { readFileSync, writeFileSync } from "node:fs";
import { Argument, InvalidArgumentError } from "commander";
import { type Proposal, parseProposal, proposalJson } from "../../sdk/governance/proposal.ts";
import type { Io } from "../cli/io.ts";
import type { Governance } from "../governance/contracts.ts";
import type { Known } from "../governance/describe.ts";
import { readAvailable } from "../governance/facts.ts";
import { readSettings } from "../governance/settings.ts";
import { errorLine } from "../runtime/errors.ts";
import { UsageError } from "./usage-error.ts";

const mostBytes = 4_000_000;

/** Whether a text is a proposal's id or how one begins, and no file. */
export const isProposalId = (text: string): boolean => /^(0x[0-9a-fA-F]{64}|[0-9]{4,78})$/.test(text);

const parseProposalId = (text: string): string => {
  if (isProposalId(text)) return text;
  throw new InvalidArgumentError("A proposal's id is a number of up to 78 digits, or at least its first four.");
};

export const proposalArgument = (): Argument =>
  new Argument("<id>", "id of the proposal, or how it begins").argParser(parseProposalId);

/** Reads a proposal from a file. Throws UsageError that says what is wrong with it. */
export const readProposalFile = (path: string): Proposal => {
  try {
    const text = readFileSync(path, "utf8");
    if (text.length > mostBytes) throw new Error("it is too large");
    return parseProposal(JSON.parse(text));
  } catch (cause) {
    throw new UsageError(`${path} is no proposal: ${errorLine(cause)}.`, { cause });
  }
};

/** Writes a proposal to a new file. Throws UsageError where there is one. */
export const writeProposalFile = (path: string, proposal: Proposal): void => {
  try {
    writeFileSync(path, proposalJson(proposal), { flag: "wx" });
  } catch (cause) {
    throw new UsageError(`${path} was not written: ${errorLine(cause)}. Name a new file with --output.`, { cause });
  }
};

/** What is in force, for words about proposals. */
export const readKnown = async (io: Io, governance: Governance): Promise<Known> => {
  const [settings, available] = await Promise.all([readSettings(io, governance), readAvailable(governance)]);
  return { governance, settings, available };
};
