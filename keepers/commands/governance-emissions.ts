import { Command } from "commander";
import { encodeFunctionData, formatUnits } from "viem";
import { emissionsAbi } from "../../sdk/abi/emissions.ts";
import type { Call } from "../../sdk/client/send.ts";
import { valueIn } from "../../sdk/governance/parameters.ts";
import { act, type Intent, type SendingOptions } from "../cli/act.ts";
import type { Io } from "../cli/io.ts";
import { connected, counting, nodeArgument, parseId, sending } from "../cli/options.ts";
import { defaultBlocks } from "../cli/requests.ts";
import { type ConnectionOptions, openSession, type Session } from "../cli/session.ts";
import { dateOf, jsonLine } from "../cli/text.ts";
import { readNode } from "../cli/reads.ts";
import { emissionsOf, type Governance, openGovernance } from "../governance/contracts.ts";
import { readEpoch } from "../governance/facts.ts";
import { readSettings } from "../governance/settings.ts";
import { readWork, type Work } from "../governance/work.ts";

/** `atoma governance emissions`: ATOMA for nodes whose work paid protocol fees. */
export function emissionsCommand(io: Io): Command {
  const command = new Command("emissions").description("ATOMA for nodes whose work paid protocol fees").exitOverride();
  for (const make of [statusCommand, recordCommand, claimCommand]) command.addCommand(make(io));
  return command;
}

const atoma = (amount: bigint): string => `${formatUnits(amount, 18)} ATOMA`;

type StatusOptions = ConnectionOptions & { readonly node?: bigint };

function statusCommand(io: Io): Command {
  return connected(new Command("status").description("Shows the current epoch, and what a node has in which epoch"))
    .option("--node <id>", "a node", parseId)
    .action(async (options: StatusOptions) => io.exit(await status(io, options)));
}

/** Claims end a year after an epoch. */
const claimsS = 365n * 86_400n;

/** Epochs in which a node has credit that it can claim, now or later. */
const readCredits = async (governance: Governance, nodeId: bigint) => {
  const { publicClient } = governance.session.context;
  const of = emissionsOf(governance);
  const { epoch: current } = await readEpoch(governance);
  const lengthS = await publicClient.readContract({ ...of, functionName: "EPOCH" });
  const first = current > claimsS / lengthS ? current - claimsS / lengthS - 1n : 0n;
  const epochs = Array.from({ length: Number(current - first + 1n) }, (_, i) => first + BigInt(i));
  const credits = await Promise.all(
    epochs.map(async (epoch) => {
      const args = [epoch, Number(nodeId)] as const;
      const credit = await publicClient.readContract({ ...of, functionName: "creditOf", args });
      return { epoch, credit, isOver: epoch < current };
    }),
  );
  return credits.filter(({ credit }) => credit > 0n);
};

const status = async (io: Io, options: StatusOptions): Promise<number> => {
  const governance = await openGovernance(await openSession(io, options));
  const { node } = options;
  const epoch = await readEpoch(governance);
  const credits = node === undefined ? [] : await readCredits(governance, node);
  if (options.json === true) {
    io.out(jsonLine({ ...epoch, ...(node === undefined ? {} : { nodeId: node, credits }) }));
    return 0;
  }
  const budget = epoch.isOpened
    ? `${atoma(epoch.budget)} for work worth ${atoma(epoch.valued)}`
    : "nothing recorded yet";
  io.out(`Epoch ${epoch.epoch} until ${dateOf(epoch.endsAtS)}: ${budget}; ${atoma(epoch.available)} not set aside`);
  for (const { epoch: number, credit, isOver } of credits)
    io.out(
      `  node ${node}: ${atoma(credit)} at most in epoch ${number}${isOver ? ", to be claimed" : ", which goes on"}`,
    );
  if (node !== undefined && credits.length === 0) io.out(`  node ${node} has nothing to claim`);
  return 0;
};

type RecordOptions = SendingOptions & { readonly node?: bigint; readonly blocks: bigint; readonly batch: bigint };

function recordCommand(io: Io): Command {
  const description = "Records settled requests in the current epoch, as long as slots hold them. By anyone";
  return sending(new Command("record").description(description))
    .option("--node <id>", "only requests that paid this node", parseId)
    .addOption(counting("--blocks <count>", "how far back", defaultBlocks))
    .addOption(counting("--batch <count>", "requests in one transaction", 20n))
    .action(async (options: RecordOptions) =>
      io.exit(await act(io, options, (session) => intendRecord(io, session, options))),
    );
}

const recordCall = (governance: Governance, works: readonly Work[]): Call => ({
  action: "Cannot record",
  to: emissionsOf(governance).address,
  data: encodeFunctionData({ abi: emissionsAbi, functionName: "record", args: [works.map(({ shown }) => shown)] }),
});

const batches = (works: readonly Work[], size: number): readonly (readonly Work[])[] =>
  Array.from({ length: Math.ceil(works.length / size) }, (_, i) => works.slice(i * size, (i + 1) * size));

const intendRecord = async (io: Io, session: Session, { node, blocks, batch }: RecordOptions): Promise<Intent> => {
  const governance = await openGovernance(session);
  const works = await readWork(io, governance, { blocks, nodeId: node });
  if (works.length === 0)
    return {
      no: `No settled request of the last ${blocks} blocks is to be recorded: all are, or paid no fee, or their slots were taken again.`,
    };
  const value = works.reduce((total, work) => total + work.value, 0n);
  const { epoch, available, budget, isOpened } = await readEpoch(governance);
  const next = isOpened ? budget : valueIn((await readSettings(io, governance)).limits.values, "emissionBudget");
  const isEmpty = next === 0n || (!isOpened && available === 0n);
  return {
    plan: {
      title: `Record ${works.length} requests in epoch ${epoch}, worth at most ${atoma(value)} for their nodes (compare the gas below):`,
      calls: batches(works, Math.max(1, Number(batch))).map((some) => recordCall(governance, some)),
      warnings: isEmpty ? [`Epoch ${epoch} has no ATOMA to give: whatever is recorded in it pays nothing.`] : [],
    },
    done: () => ({
      sentence: `${works.length} requests are recorded in epoch ${epoch}, worth at most ${atoma(value)}.`,
      ...{ epoch, value, requestIds: works.map(({ requestId }) => requestId) },
    }),
  };
};

function claimCommand(io: Io): Command {
  const description = "Pays a node's emissions of all epochs that are over to its owner. By anyone";
  return sending(new Command("claim").description(description).addArgument(nodeArgument())).action(
    async (nodeId: bigint, options: SendingOptions) =>
      io.exit(await act(io, options, (session) => intendClaim(session, nodeId))),
  );
}

const intendClaim = async (session: Session, nodeId: bigint): Promise<Intent> => {
  const governance = await openGovernance(session);
  const { owner } = await readNode(session, nodeId);
  const credits = await readCredits(governance, nodeId);
  const due = credits.filter(({ isOver }) => isOver);
  if (due.length === 0) {
    const { endsAtS } = await readEpoch(governance);
    const later =
      credits.length > 0 ? ` What is recorded in the current epoch can be claimed from ${dateOf(endsAtS)} on.` : "";
    return { no: `Node ${nodeId} has nothing to claim.${later}` };
  }
  const calls = due.map(({ epoch }) => ({
    action: `Cannot claim epoch ${epoch}`,
    to: emissionsOf(governance).address,
    data: encodeFunctionData({ abi: emissionsAbi, functionName: "claim", args: [Number(nodeId), epoch] }),
  }));
  const epochs = due.map(({ epoch }) => epoch);
  return {
    plan: { title: `Claim emissions of node ${nodeId} for epochs ${epochs.join(", ")}, to its owner ${owner}:`, calls },
    done: () => ({ sentence: `The emissions of epochs ${epochs.join(", ")} went to ${owner}.`, nodeId, epochs, owner }),
  };
};
