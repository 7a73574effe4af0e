import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { network } from "hardhat";
import { privateKeyToAccount } from "viem/accounts";
import { localDeployerKey } from "../../deploy/local/interrupt.ts";
import { readNetworkFile } from "../../deploy/parameters/network-file.ts";
import { clientOf, type Provider } from "../../deploy/run/rpc.ts";

export const localFile = readNetworkFile("local");
export const deployer = privateKeyToAccount(localDeployerKey).address;

/** A fresh chain as Hardhat makes them: the deployer's first transaction is its first. */
export async function freshChain(hardfork = "osaka", chainId = localFile.chainId) {
  const connection = await network.create({ network: "default", chainType: "l1", override: { hardfork, chainId } });
  const provider = connection.provider as Provider;
  return { connection, provider, chain: clientOf(provider, chainId) };
}

/** An empty folder of its own. */
export const freshFolder = (): string => mkdtempSync(join(tmpdir(), "atoma-deploy-"));
