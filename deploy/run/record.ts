import { existsSync, readFileSync } from "node:fs";
import { type Address, getAddress, isAddress, keccak256, type PublicClient } from "viem";
import { z } from "zod";
import { whole } from "../parameters/fields.ts";
import { DeploymentError } from "../parameters/network-file.ts";
import type { NetworkFile } from "../parameters/schema.ts";
import type { Contracts } from "./engine.ts";
import type { Signed } from "./outbox.ts";

const address = z
  .string()
  .refine((text) => isAddress(text), { error: "must be an address" })
  .transform((text) => getAddress(text));
const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, { error: "must be 32 bytes" })
  .transform((text) => text as `0x${string}`);
const block = whole(0, Number.MAX_SAFE_INTEGER, "a block");

/**
 * What a deployment leaves behind. The client library reads it (`parseDeployment`), and so do the keepers and the program
 * `atoma` (`--deployment`); `deploy:verify` proves it.
 */
export const recordSchema = z.object({
  format: z.literal(1),
  network: z.string(),
  /** "first", or the name of an instance beside it. */
  instance: z.string(),
  chainId: block,
  startBlock: block,
  deployedAtBlock: block,
  escrow: address,
  nodeRegistry: address,
  taskRegistry: address,
  beacon: address,
  disputes: address,
  extension: address,
  collateral: address,
  quoteVerifier: address,
  teeRegistry: address,
  emissions: address,
  token: address,
  atoma: address,
  authority: address,
  timelock: address,
  governor: address,
  treasury: address,
  /** Block of the access manager, or one before it: where its events begin. */
  authorityBlock: block,
  deployer: address,
  /** Deployer of the network's first instance, and of what governs it. */
  founder: address,
  /** keccak256 of the code of each contract, and the block and transaction that made it where this deployment did. */
  contracts: z.record(
    z.string(),
    z.object({ address, codeHash: hash, block: block.optional(), transaction: hash.optional() }),
  ),
  build: z.object({ version: z.string(), commit: z.string(), compiler: z.string() }),
});

export type DeploymentRecord = z.infer<typeof recordSchema>;

/** Contracts of an instance, and of what governs it, by the names of the record. */
export const contractNames = [
  ...(["atoma", "authority", "timelock", "governor", "treasury"] as const),
  ...(["nodeRegistry", "taskRegistry", "beacon", "disputes", "extension", "escrow"] as const),
  ...(["collateral", "quoteVerifier", "teeRegistry", "emissions"] as const),
];
export type ContractName = (typeof contractNames)[number];

export type RecordInput = {
  readonly chain: PublicClient;
  readonly file: NetworkFile;
  readonly instance: string;
  readonly contracts: Contracts;
  readonly signed: readonly Signed[];
  readonly deployer: Address;
  readonly build: DeploymentRecord["build"];
  /** The record of the network that an instance stands beside. */
  readonly base?: DeploymentRecord;
};

/** Puts a record together from what was deployed and what the chain says of it. */
export async function makeRecord(input: RecordInput): Promise<DeploymentRecord> {
  const { chain, file, instance, contracts, signed, deployer, build, base } = input;
  const made = await creations(chain, signed);
  const { paymentToken, ...named } = contracts;
  const token = paymentToken ?? base?.token ?? (file.paymentToken === "deploy" ? undefined : file.paymentToken.address);
  const atoma = "address" in file.atoma ? file.atoma.address : base?.atoma;
  const ground = { timelock: base?.timelock, governor: base?.governor, treasury: base?.treasury };
  const all: Readonly<Record<string, Address | undefined>> = { atoma, ...ground, token, ...named };
  const entries = contractNames.map(async (name) => {
    const at = all[name];
    if (at === undefined) throw new Error(`Nothing says where ${name} is.`);
    const codeHash = keccak256((await chain.getCode({ address: at })) ?? "0x");
    return [name, { ...base?.contracts[name], address: at, codeHash, ...made.get(at) }] as const;
  });
  const blocks = [...made.values()].map((creation) => creation.block);
  const startBlock = Math.min(...blocks);
  return recordSchema.parse({
    ...{ format: 1, network: file.name, instance, chainId: file.chainId, startBlock, deployedAtBlock: startBlock },
    ...all,
    authorityBlock: base?.authorityBlock ?? startBlock,
    deployer,
    founder: base?.founder ?? deployer,
    contracts: Object.fromEntries(await Promise.all(entries)),
    build,
  });
}

type Creation = { readonly block: number; readonly transaction: `0x${string}` };

/** What the deployer's transactions created. Of several with one nonce, one was mined. */
async function creations(chain: PublicClient, signed: readonly Signed[]): Promise<Map<Address, Creation>> {
  const found = await Promise.all(
    signed.map(async ({ hash: transaction }) => {
      const receipt = await chain.getTransactionReceipt({ hash: transaction }).catch(() => undefined);
      if (receipt?.contractAddress == null) return [];
      return [[getAddress(receipt.contractAddress), { block: Number(receipt.blockNumber), transaction }] as const];
    }),
  );
  return new Map(found.flat());
}

/** Reads a record. Throws DeploymentError that names what is wrong. */
export function readRecord(path: string): DeploymentRecord {
  if (!existsSync(path)) throw new DeploymentError("There is no deployment record:", [`${path} does not exist.`]);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new DeploymentError("The deployment record cannot be used:", [`${path} is not JSON.`], { cause });
  }
  const parsed = recordSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}.`);
  throw new DeploymentError(`The deployment record ${path} cannot be used:`, faults);
}
