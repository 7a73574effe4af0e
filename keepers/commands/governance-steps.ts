import { Command } from "commander";
import { type Address, encodeFunctionData, isAddressEqual } from "viem";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { descriptionHash, type Proposal } from "../../sdk/governance/proposal.ts";
import { act, type Intent, type SendingOptions } from "../cli/act.ts";
import type { Io } from "../cli/io.ts";
import { sending } from "../cli/options.ts";
import type { Session } from "../cli/session.ts";
import { dateOf } from "../cli/text.ts";
import { governorOf } from "../governance/contracts.ts";
import { readStanding, sentenceOf } from "../governance/proposals.ts";
import { findIn, planOf, tell } from "./governance-found.ts";
import { proposalArgument } from "./governance-files.ts";
import { UsageError } from "./usage-error.ts";

const stepData = (functionName: "queue" | "execute" | "cancel", proposal: Proposal) =>
  encodeFunctionData({
    abi: atomaGovernorAbi,
    functionName,
    args: [proposal.targets, proposal.values, proposal.calldatas, descriptionHash(proposal)],
  });

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
