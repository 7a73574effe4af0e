import { Command } from "commander";
import { formatUnits } from "viem";
import { proposalIdOf } from "../../sdk/governance/proposal.ts";
import type { Io } from "../cli/io.ts";
import { connected } from "../cli/options.ts";
import { chainNowS } from "../cli/reads.ts";
import { type ConnectionOptions, openSession } from "../cli/session.ts";
import { jsonLine } from "../cli/text.ts";
import { openGovernance } from "../governance/contracts.ts";
import { proposalLines, proposalValues } from "../governance/describe.ts";
import { findProposal, readProposals, readStanding, sentenceOf, type Standing } from "../governance/proposals.ts";
import { simulate } from "../governance/simulate.ts";
import { isProposalId, readKnown, readProposalFile } from "./governance-files.ts";

/** `atoma governance decode`. */
export function decodeCommand(io: Io): Command {
  const command = new Command("decode")
    .description("Puts a proposal into words, and warns of all that is unusual in it")
    .argument("<proposal>", "a file, or the id of a proposal that was made, or how it begins");
  return connected(command).action(async (text: string, options: ConnectionOptions) =>
    io.exit(await decode(io, text, options)),
  );
}

const votesLine = ({ votes, quorum }: Standing): string => {
  const [support, against, abstain] = [votes.for, votes.against, votes.abstain].map((one) => formatUnits(one, 18));
  const needed = quorum === undefined ? "" : `; for and abstain must reach ${formatUnits(quorum, 18)}`;
  return `  votes: ${support} for, ${against} against, ${abstain} abstain${needed}`;
};

const decode = async (io: Io, text: string, options: ConnectionOptions): Promise<number> => {
  const session = await openSession(io, options);
  const governance = await openGovernance(session);
  const isId = isProposalId(text);
  const proposal = isId ? (await findProposal(io, governance, text)).proposal : readProposalFile(text);
  const id = proposalIdOf(proposal);
  const isMade = isId || (await readProposals(io, governance)).some((one) => one.id === id);
  const [known, nowS, standing] = await Promise.all([
    readKnown(io, governance),
    chainNowS(session),
    isMade ? readStanding(governance, id) : undefined,
  ]);
  const failure = standing?.state === "executed" ? undefined : await simulate(governance, proposal);
  const standingText = standing === undefined ? "was not proposed." : sentenceOf(standing, nowS);
  if (options.json === true) {
    io.out(
      jsonLine({ ...proposalValues(known, proposal, isMade), standing: standing ?? null, failure: failure ?? null }),
    );
    return 0;
  }
  for (const line of proposalLines(known, proposal, isMade)) io.out(line);
  io.out(`  It ${standingText}`);
  if (standing !== undefined) io.out(votesLine(standing));
  if (failure !== undefined) io.out(`  WARNING: executed now, call ${failure.index + 1} would fail: ${failure.why}`);
  return 0;
};
