import hardhatVerify from "@nomicfoundation/hardhat-verify";
import { verifyContract } from "@nomicfoundation/hardhat-verify/verify";
import { artifacts } from "hardhat";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import type { Address } from "viem";
import config from "../../hardhat.config.ts";
import { type ContractName, contractNames } from "../run/record.ts";
import { constructorArguments, contractOf, type Subject } from "../verify/subject.ts";
import type { Explorer } from "./explorer.ts";

/**
 * What an explorer said of a contract. It proves nothing: an explorer can say what it likes. What it showed before may have been submitted
 * by anyone, with other comments and names that compile to the same code: nobody compared it.
 */
export type Submission = {
  readonly name: ContractName;
  readonly address: Address;
  readonly outcome: "verified" | "shown before" | "refused";
  /** Why it was refused, on one line; empty otherwise. */
  readonly reason: string;
};

export type SubmitInput = {
  readonly subject: Subject;
  /** A node of the chain. */
  readonly rpcUrl: string;
  readonly explorer: Explorer;
  readonly names: readonly ContractName[];
  /** Most milliseconds for one contract. */
  readonly limitMs: number;
  /** Hears of each contract as soon as the explorer answered. */
  readonly onAnswer: (submission: Submission) => void;
};

type Environment = Awaited<ReturnType<typeof createHardhatRuntimeEnvironment>>;

/** Contracts of a deployment that are of this build. */
export const ownContracts = ({ file }: Subject): readonly ContractName[] =>
  contractNames.filter((name) => name !== "atoma" || !("address" in file.atoma));

/**
 * Submits sources, settings and constructor arguments of contracts of a deployment, one after the other, through hardhat-verify. A
 * contract that is refused is an outcome, and the others go on.
 */
export async function submitContracts(input: SubmitInput): Promise<readonly Submission[]> {
  const environment = await environmentOf(input);
  const submissions: Submission[] = [];
  for (const name of input.names) {
    const submission = await submit(input, environment, name);
    input.onAnswer(submission);
    submissions.push(submission);
  }
  return submissions;
}

/** Hardhat with this chain as its network, and this explorer as the chain's. Its network asks the node only. */
function environmentOf({ subject, rpcUrl, explorer }: SubmitInput): Promise<Environment> {
  const { chainId, name } = subject.file;
  const { origin } = new URL(explorer.url);
  const blockscout = { name: "the explorer", url: origin, apiUrl: explorer.url };
  return createHardhatRuntimeEnvironment(
    {
      ...config,
      plugins: [...(config.plugins ?? []), hardhatVerify],
      networks: { deployed: { type: "http", url: rpcUrl, chainId } },
      chainDescriptors: { [chainId]: { name, blockExplorers: { blockscout } } },
      verify: { blockscout: explorer.key === undefined ? {} : { apiKey: explorer.key } },
    },
    { network: "deployed", buildProfile: "default" },
    artifactsRoot,
  );
}

const artifactsRoot = new URL("../..", import.meta.url).pathname;

async function submit(input: SubmitInput, environment: Environment, name: ContractName): Promise<Submission> {
  const { subject, explorer, limitMs } = input;
  const address = subject.record[name];
  const { sourceName, contractName } = await artifacts.readArtifact(contractOf[name]);
  const constructorArgs = [...constructorArguments(subject)[name]];
  const asked = {
    address,
    constructorArgs,
    contract: `${sourceName}:${contractName}`,
    provider: "blockscout",
  } as const;
  try {
    const said = await listening(() => within(limitMs, verifyContract(asked, environment)));
    const isOld = said.includes("has already been verified");
    return { name, address, outcome: isOld ? "shown before" : "verified", reason: "" };
  } catch (error) {
    const reason = oneLine(error instanceof Error ? error.message : String(error), explorer.key);
    return { name, address, outcome: "refused", reason };
  }
}

/** hardhat-verify tells the console, and nobody else, whether an explorer knew a contract before: what it said there. */
async function listening(work: () => Promise<void>): Promise<string> {
  const { log } = console;
  const said: unknown[] = [];
  console.log = (...words: unknown[]) => void said.push(...words);
  try {
    await work();
    return said.join("\n");
  } finally {
    console.log = log;
  }
}

/** hardhat-verify asks until an explorer decides, which may be never. */
async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_resolve, reject) => {
    const sentence = `The explorer did not decide in ${limitMs / 1_000} s. Ask again later.`;
    timer = setTimeout(() => reject(new Error(sentence)), limitMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const mostReason = 300;

/** An explorer's words as plain text for a terminal, and without the key, which it might repeat. */
function oneLine(text: string, key: string | undefined): string {
  const plain = text.replaceAll(/[\s\p{C}]+/gu, " ").trim();
  const keys =
    key === undefined ? [] : [key, encodeURIComponent(key), new URLSearchParams({ key }).toString().slice(4)];
  const hidden = keys.reduce((words, one) => words.replaceAll(one, "***"), plain);
  return hidden.slice(0, mostReason);
}

/** One line for each contract, as it is printed. */
export const submissionLine = ({ name, address, outcome, reason }: Submission): string =>
  `${outcome === "refused" ? "REFUSED" : outcome}  ${name} ${address}${reason === "" ? "" : `: ${reason}`}`;
