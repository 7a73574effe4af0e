import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { network } from "hardhat";
import { type Address, getAddress, getContractAddress, type Hex, hexToNumber, keccak256, parseTransaction } from "viem";
import { type Build, describe, type Description, loadBuilds } from "./describe.ts";
import type { Contracts } from "./engine.ts";
import { openOutbox } from "./outbox.ts";
import { clientOf, httpProvider, type Provider } from "./rpc.ts";
import { checkTerms, type RunInput, runSteps } from "./run.ts";

/** A transaction that a deployment would send. */
export type Planned = Description & {
  readonly nonce: number;
  readonly to: Address | undefined;
  /** Of what it creates. */
  readonly creates: Address | undefined;
  readonly gas: bigint;
  readonly dataHash: Hex;
  readonly dataBytes: number;
};

export type Rehearsal = {
  readonly planned: readonly Planned[];
  readonly contracts: Contracts;
  /** The chain afterwards, until `close`. */
  readonly provider: Provider;
  readonly close: () => Promise<void>;
};

export type RehearsalInput = Omit<RunInput, "provider" | "deployer" | "pollMs" | "confirmations"> & {
  readonly url: string;
  readonly deployer: Address;
  /** Names of addresses that are known before. */
  readonly known: ReadonlyMap<string, string>;
};

/**
 * Does all of a deployment, or what is left of it, on a copy of the chain in this process. No key is needed: the copy takes
 * the deployer's word. Nothing reaches the chain itself.
 */
export async function rehearse(input: RehearsalInput): Promise<Rehearsal> {
  const { url, chainId, deployer, folder } = input;
  checkTerms(folder, input.terms);
  // Hardhat's own choice is a block that no reorganisation reaches, 128 back: what was sent just now would not be in it
  const blockNumber = hexToNumber((await httpProvider(url).request({ method: "eth_blockNumber" })) as Hex);
  const connection = await network.create({
    network: "rehearsal",
    chainType: "generic",
    override: { chainId, forking: { enabled: true, url, blockNumber } },
  });
  const provider = connection.provider as Provider;
  const copy = mkdtempSync(join(tmpdir(), "atoma-rehearsal-"));
  try {
    if (existsSync(folder)) cpSync(folder, copy, { recursive: true });
    await provider.request({ method: "hardhat_impersonateAccount", params: [deployer] });
    await provider.request({ method: "hardhat_setBalance", params: [deployer, "0x200000000000000000000000000000"] });
    const planned: Planned[] = [];
    const names = new Map([...input.known, ...(await createdBefore(folder, deployer))]);
    const watched = await watching(provider, deployer, names, planned);
    const signer = {
      address: deployer,
      signTransaction: () => Promise.reject(new Error("A rehearsal signs nothing.")),
    };
    const contracts = await runSteps({
      ...input,
      ...{ provider: watched, deployer: signer, folder: copy, confirmations: 1, pollMs: 1 },
      sendsItself: true,
    });
    return { planned, contracts, provider, close: () => connection.close() };
  } catch (cause) {
    await connection.close();
    throw cause;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** What an earlier run of this deployment created, or was about to: names by address in lower case. */
async function createdBefore(folder: string, deployer: Address): Promise<(readonly [address: string, name: string])[]> {
  if (!existsSync(folder)) return [];
  const builds = await loadBuilds();
  return openOutbox(folder)
    .all()
    .flatMap(({ nonce, raw }) => {
      const { to, data = "0x" } = parseTransaction(raw);
      if (to != null) return [];
      const address = getContractAddress({ from: deployer, nonce: BigInt(nonce) });
      return [[address.toLowerCase(), describe(builds, new Map(), { data }).contract] as const];
    });
}

type Sent = { readonly to?: Address; readonly data: Hex; readonly nonce: Hex };

/** Notes what each transaction did. */
async function watching(
  provider: Provider,
  deployer: Address,
  names: Map<string, string>,
  planned: Planned[],
): Promise<Provider> {
  const builds: readonly Build[] = await loadBuilds();
  const note = async ({ to, data, nonce }: Sent, hash: unknown): Promise<void> => {
    const chain = clientOf(provider, 1);
    const receipt = await chain.getTransactionReceipt({ hash: hash as Hex });
    const created = receipt.contractAddress == null ? undefined : getAddress(receipt.contractAddress);
    const description = describe(builds, names, { to, data });
    if (created !== undefined) names.set(created.toLowerCase(), description.contract);
    const dataBytes = (data.length - 2) / 2;
    planned.push({
      ...description,
      ...{ nonce: hexToNumber(nonce), to, creates: created, gas: receipt.gasUsed },
      ...{ dataHash: keccak256(data), dataBytes },
    });
  };
  names.set(deployer.toLowerCase(), "deployer");
  return {
    request: async ({ method, params = [] }) => {
      const answer = await provider.request({ method, params });
      if (method === "eth_sendTransaction") await note(params[0] as Sent, answer);
      return answer;
    },
  };
}
