import { type Hex, parseTransaction } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Contracts } from "../run/engine.ts";
import type { Provider } from "../run/rpc.ts";
import { runSteps } from "../run/run.ts";
import type { Deployer } from "../run/signing-provider.ts";
import { networkSteps } from "../run/steps.ts";
import type { NetworkFile } from "../parameters/schema.ts";

/** Key of the first account of Hardhat's chains, which everybody knows: for local networks only. */
export const localDeployerKey: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/** When a deployment is interrupted: before anything is signed, before the node hears of it, or before its answer is heard. */
export const moments = ["before signing", "before sending", "before the answer"] as const;
export type Moment = (typeof moments)[number];

/** Which transaction is interrupted, by the deployer's nonce, and when. */
export type Interruption = { readonly nonce: number; readonly moment: Moment };

/** What an interrupted deployment throws. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** A node and a deployer that stop working at an interruption. */
export function interrupting(provider: Provider, deployer: Deployer, at: Interruption | undefined) {
  const stopAt = (nonce: number | undefined, moment: Moment): void => {
    if (nonce === at?.nonce && moment === at?.moment) throw new Interrupted(`${moment} of transaction ${nonce}`);
  };
  const broken: Provider = {
    request: async (call) => {
      if (call.method !== "eth_sendRawTransaction") return provider.request(call);
      const { nonce } = parseTransaction((call.params ?? [])[0] as Hex);
      stopAt(nonce, "before sending");
      const answer = await provider.request(call);
      stopAt(nonce, "before the answer");
      return answer;
    },
  };
  const signer: Deployer = {
    address: deployer.address,
    signTransaction: (transaction) => {
      stopAt(transaction.nonce, "before signing");
      return deployer.signTransaction(transaction);
    },
  };
  return { provider: broken, deployer: signer };
}

export type LocalRun = {
  readonly provider: Provider;
  readonly file: NetworkFile;
  readonly folder: string;
  readonly at?: Interruption;
  /** Most wei for a unit of gas that is signed; any, if absent. */
  readonly mostFeeWei?: bigint;
};

/** Deploys a network on a local chain that makes a block per transaction, or goes on with it. Throws Interrupted. */
export async function deployLocally({ provider, file, folder, at, ...bounds }: LocalRun): Promise<Contracts> {
  const account = privateKeyToAccount(localDeployerKey);
  const signer: Deployer = { address: account.address, signTransaction: (one) => account.signTransaction(one) };
  return runSteps({
    ...interrupting(provider, signer, at),
    ...{ steps: networkSteps(file), chainId: file.chainId, folder, terms: { file } },
    ...{ confirmations: 1, pollMs: 1, say: () => undefined, ...bounds },
  });
}

/** The same, as far as an interruption lets it. */
export async function deployUntil(run: LocalRun): Promise<Contracts | "interrupted"> {
  try {
    return await deployLocally(run);
  } catch (error) {
    if (error instanceof Interrupted) return "interrupted";
    throw error;
  }
}
