import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { type Address, type Hex, parseEventLogs } from "viem";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { registerTaskCall, type RegisterTaskInput } from "../../sdk/client/register-task.ts";
import { act, type Intent, type SendingOptions } from "../cli/act.ts";
import { parseAmount } from "../cli/amounts.ts";
import type { Io } from "../cli/io.ts";
import { counting, parseAddress, parseCount, sending } from "../cli/options.ts";
import { pullCalls } from "../cli/pull.ts";
import { tasksOf } from "../cli/reads.ts";
import { checkScheme } from "../cli/scheme.ts";
import type { Session } from "../cli/session.ts";
import { stakeTokenOf } from "../cli/stake-token.ts";
import { identityOf } from "../cli/task-identity.ts";
import { modelKinds } from "../models/manifest.ts";
import { UsageError } from "./usage-error.ts";

type Options = SendingOptions &
  Pick<RegisterTaskInput, "artifactUri" | "royaltyBps" | "askExponent" | "minReputation" | "windowS"> & {
    readonly kind?: string;
    readonly runtimeDigest?: Hex;
    readonly unitSize?: bigint;
    readonly artifactDigest?: Hex;
    readonly artifact?: string;
    readonly workload?: Hex;
    readonly stakePerNode: string;
    readonly maxOutput: bigint;
    readonly stakeToken?: Address;
  };

const parseDigest = (text: string): Hex => {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as Hex;
  throw new InvalidArgumentError("It must be 0x and 64 hex digits.");
};

/** `atoma task register`: a task that the wallet's account publishes. */
export function taskRegisterCommand(io: Io): Command {
  const command = new Command("register")
    .description("Registers a task. Its terms never change; the bond comes back a week after it is deprecated")
    .option("--kind <label>", "such as wasm or chat, at most 32 bytes; a model's manifest says it")
    .requiredOption("--artifact-uri <uri>", "where nodes fetch the artifact: data, http, https; ipfs for models")
    .option("--artifact <file>", "the artifact, to take its sha256 from, and what a model's manifest says")
    .option("--artifact-digest <hex>", "its sha256, without the file", parseDigest)
    .option(
      "--runtime-digest <hex>",
      "hash of whatever must be equal for outputs to be equal; of a model's manifest by default",
      parseDigest,
    )
    .requiredOption("--stake-per-node <amount>", "ATOMA that a subscription locks")
    .option(
      "--unit-size <count>",
      "what one unit buys, in the runtime's measure; 1000000 by default, to be given for a model",
      parseCount,
    )
    .addOption(counting("--window-s <seconds>", "time to answer, 1 to 86400", 60n))
    .addOption(counting("--max-output <bytes>", "output that is delivered on chain, at most 16384", 1_024n))
    .addOption(
      counting(
        "--royalty-bps <count>",
        "the publisher's part of the pay, in hundredths of a percent, at most 2000",
        0n,
      ),
    )
    .addOption(counting("--ask-exponent <count>", "asks are multiples of 10^this units of the payment token", 0n))
    .addOption(counting("--min-reputation <count>", "of a subscribing node, at most 60000", 0n))
    .option("--workload <hex>", "the TEE workload that may serve it", parseDigest)
    .option("--stake-token <address>", "the address of ATOMA, where nobody has staked yet", parseAddress);
  return sending(command).action(async (options: Options) =>
    io.exit(await act(io, options, (session, { address }) => intend(io, session, address, options))),
  );
}

const read = (artifact: string): Buffer => {
  try {
    return readFileSync(artifact);
  } catch (cause) {
    throw new UsageError(`--artifact ${artifact} cannot be read: check the path.`, { cause });
  }
};

const inputOf = (options: Options, stakePerNode: bigint): RegisterTaskInput => {
  const { artifact, artifactUri, royaltyBps, askExponent, minReputation = 0n, windowS } = options;
  if ((artifact === undefined) === (options.artifactDigest === undefined))
    throw new UsageError("Give either --artifact FILE or --artifact-digest.");
  const identity = identityOf(options, artifact === undefined ? undefined : read(artifact));
  const isModel = modelKinds.some((kind) => kind === identity.kind);
  checkScheme("--artifact-uri", artifactUri, ["data", "http", "https", ...(isModel ? ["ipfs"] : [])]);
  const fields = { artifactUri, royaltyBps, askExponent, minReputation, windowS };
  const workload = options.workload === undefined ? {} : { workloadId: options.workload };
  return { ...identity, ...fields, ...workload, stakePerNode, maxOutputBytes: options.maxOutput };
};

const intend = async (io: Io, session: Session, owner: Address, options: Options): Promise<Intent> => {
  const { context, tokens } = session;
  const input = inputOf(options, parseAmount(options.stakePerNode, tokens.stake, "--stake-per-node"));
  const { publisherBond } = await context.publicClient.readContract({ ...tasksOf(session), functionName: "settings" });
  const { nodeRegistry: spender } = context.deployment;
  const approvals =
    publisherBond === 0n
      ? []
      : await pullCalls(
          session,
          { owner, token: options.stakeToken ?? (await stakeTokenOf(io, session)), spender, amount: publisherBond },
          tokens.stake,
        );
  const bond = {
    amount: publisherBond,
    token: tokens.stake,
    what: "the publisher's bond, back a week after the task is deprecated",
  };
  return {
    plan: {
      title: `Register a task of kind ${input.kind}:`,
      calls: [...approvals, registerTaskCall(context.deployment, input)],
      spends: publisherBond === 0n ? [] : [bond],
      warnings: ["A task's terms never change: check each of them. Only the artifact's URI can be replaced."],
    },
    done: (receipts) => {
      const logs = receipts.flatMap((receipt) => receipt.logs);
      const [log] = parseEventLogs({ abi: taskRegistryAbi, logs, eventName: "TaskRegistered" });
      const taskId = log?.args.taskId;
      return { sentence: `Task ${taskId} is registered. Nodes can subscribe to it now.`, taskId };
    },
  };
};
