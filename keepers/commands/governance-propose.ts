import { Command } from "commander";
import { type Address, encodeFunctionData, type Hex, isHex, size } from "viem";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { type Proposal, proposalIdOf, proposalOf } from "../../sdk/governance/proposal.ts";
import { act, type Intent, type SendingOptions } from "../cli/act.ts";
import type { Io } from "../cli/io.ts";
import { parseAddress, parseCount, sending } from "../cli/options.ts";
import { openSession } from "../cli/session.ts";
import { jsonLine } from "../cli/text.ts";
import { type Asked, buildSteps } from "../governance/build.ts";
import { type Governance, openGovernance } from "../governance/contracts.ts";
import { proposalLines, proposalValues, warningsIn } from "../governance/describe.ts";
import { readRoles } from "../governance/facts.ts";
import { simulate } from "../governance/simulate.ts";
import { readKnown, readProposalFile, writeProposalFile } from "./governance-files.ts";
import { UsageError } from "./usage-error.ts";

type Options = SendingOptions &
  Asked & {
    readonly description?: string;
    readonly proposer?: Address;
    readonly output?: string;
    readonly anyway?: boolean;
    readonly send?: boolean;
  };

const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), text];

const parseWorkload = (text: string): Hex => {
  if (isHex(text) && size(text) === 32) return text;
  throw new UsageError("--revoke-workload must be the id of a workload: 0x and 64 hex digits.");
};

/** `atoma governance propose`. */
export function proposeCommand(io: Io): Command {
  const command = new Command("propose")
    .description("Makes a proposal, simulates it, shows it in words and writes it to a file; with --send proposes it")
    .argument("[file]", "a proposal that is there already, in place of the options that make one");
  return sending(command)
    .option("--set <name=value>", "a parameter of `atoma governance show`; can be repeated", collect)
    .option("--grant <amount:token:address>", "the treasury pays; can be repeated", collect)
    .option("--stream <amount:token:address:start:end>", "the treasury pays over time; can be repeated", collect)
    .option("--end-stream <id>", "what has not accrued stays with the treasury", parseCount)
    .option("--revoke-workload <id>", "ends a workload and its bindings, for good", parseWorkload)
    .option("--set-guardian <address>", "who can cancel proposals. Alone, so that the present one cannot", parseAddress)
    .option("--set-pauser <address>", "who can pause, in place of all who can now", parseAddress)
    .option("--roles", "lets the guardian pause this instance: another instance needs it once")
    .option("--description <text>", "why; what it does is added")
    .option("--proposer <address>", "who alone can propose it; with --send the key that pays", parseAddress)
    .option("--output <file>", "where it is written; proposal-ID.json by default")
    .option("--anyway", "although it would fail if it was executed now")
    .option("--send", "proposes it; the key needs votes, delegated to it a block before")
    .action(async (file: string | undefined, options: Options) => io.exit(await propose(io, file, options)));
}

const build = async (
  io: Io,
  governance: Governance,
  options: Options,
  proposer: Address | undefined,
): Promise<Proposal> => {
  const { settings } = await readKnown(io, governance);
  const roles = options.setPauser === undefined ? [] : await readRoles(io, governance);
  const steps = buildSteps(governance, settings, roles, options);
  const calls = steps.flatMap((step) => step.calls);
  if (calls.length === 0)
    throw new UsageError("Say what to propose: a file, or --set, --grant, --stream and others. See --help.");
  const says = steps.flatMap((step) => step.says).map((sentence) => `- ${sentence}`);
  const title = options.description ?? "Changes";
  const suffix = proposer === undefined ? [] : ["", `#proposer=${proposer.toLowerCase()}`];
  return proposalOf([title, "", ...says, ...suffix].join("\n"), calls);
};

const makes = ["set", "grant", "stream", "endStream", "revokeWorkload", "setGuardian", "setPauser", "roles"] as const;

const checkForm = (file: string | undefined, options: Options): void => {
  if (file === undefined) return;
  const extra = [...makes, "description" as const, "proposer" as const, "output" as const].find(
    (name) => options[name] !== undefined,
  );
  if (extra !== undefined) throw new UsageError("Give either a file, or options that make a proposal, not both.");
};

const checkSimulation = async (governance: Governance, proposal: Proposal, anyway: boolean | undefined) => {
  const failure = await simulate(governance, proposal);
  if (failure === undefined || anyway === true) return failure;
  throw new UsageError(
    `Call ${failure.index + 1} would fail: ${failure.why} Nothing was written or sent. Correct it, or add --anyway if it will not fail by then.`,
  );
};

const propose = async (io: Io, file: string | undefined, options: Options): Promise<number> => {
  checkForm(file, options);
  if (options.send === true || options.dryRun === true)
    return act(io, options, async (session, { address }) =>
      intend(await prepare(io, await openGovernance(session), file, options, address), address),
    );
  const governance = await openGovernance(await openSession(io, options));
  const { proposal, path, lines, values } = await prepare(io, governance, file, options, options.proposer);
  if (options.json === true) io.out(jsonLine({ ...values, file: path }));
  else for (const line of lines) io.out(line);
  if (options.json !== true)
    io.out(
      `${file === undefined ? `Written to ${path}. ` : ""}To propose ${proposalIdOf(proposal)}: atoma governance propose ${path} --send`,
    );
  return 0;
};

/** Builds or reads it, simulates it, writes it down, and says it in words. */
const prepare = async (
  io: Io,
  governance: Governance,
  file: string | undefined,
  options: Options,
  proposer: Address | undefined,
) => {
  const built = file === undefined ? await build(io, governance, options, options.proposer ?? proposer) : undefined;
  const proposal = built ?? readProposalFile(file ?? "");
  const failure = await checkSimulation(governance, proposal, options.anyway);
  const known = await readKnown(io, governance);
  const path = file ?? options.output ?? `proposal-${`${proposalIdOf(proposal)}`.slice(0, 12)}.json`;
  if (built !== undefined && options.dryRun !== true) writeProposalFile(path, built);
  const would =
    failure === undefined ? [] : [`  WARNING: executed now, call ${failure.index + 1} would fail: ${failure.why}`];
  const lines = [...proposalLines(known, proposal, false), ...would];
  const warnings = [...warningsIn(known, proposal, false), ...would.map((line) => line.trim())];
  if (options.send === true || options.dryRun === true) for (const line of lines) io.err(line);
  return {
    governance,
    proposal,
    path,
    lines,
    warnings,
    values: { ...proposalValues(known, proposal, false), failure: failure ?? null },
  };
};

const intend = (
  { governance, proposal, warnings, path }: Awaited<ReturnType<typeof prepare>>,
  proposer: Address,
): Intent => {
  const { targets, values, calldatas, description } = proposal;
  const data = encodeFunctionData({
    abi: atomaGovernorAbi,
    functionName: "propose",
    args: [targets, values, calldatas, description],
  });
  const id = proposalIdOf(proposal);
  return {
    plan: {
      title: `Propose ${id} as ${proposer}:`,
      calls: [{ action: "Cannot propose", to: governance.addresses.governor, data }],
      warnings,
    },
    done: () => ({
      sentence: `Proposal ${id} was made; it is in ${path}. Voting begins after the voting delay: atoma governance vote ${id} for`,
      proposalId: id,
      file: path,
    }),
  };
};
