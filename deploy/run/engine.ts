import {
  type ArtifactResolver,
  deploy,
  type DeploymentParameters,
  type DeploymentResult,
  DeploymentResultType,
  type IgnitionModule,
} from "@nomicfoundation/ignition-core";
import { artifacts } from "hardhat";
import { type Address, getAddress } from "viem";
import { DeploymentError } from "../parameters/network-file.ts";
import type { Provider } from "./rpc.ts";

/** Contracts by the names that modules give them. */
export type Contracts = Readonly<Record<string, Address>>;

export type ModuleInput = {
  readonly module: IgnitionModule;
  readonly parameters: DeploymentParameters;
  readonly provider: Provider;
  readonly deployer: Address;
  /** Where the journal is; without one nothing is remembered. */
  readonly folder: string;
  /** Blocks until a transaction counts as final; chains that make blocks by themselves count one. */
  readonly confirmations: number;
  /** How often the chain is asked for a new block. */
  readonly pollMs: number;
};

/** Artifacts of the build. The sources travel with the repository, not with each journal. */
export const resolver: ArtifactResolver = {
  loadArtifact: (name) => artifacts.readArtifact(name) as ReturnType<ArtifactResolver["loadArtifact"]>,
  getBuildInfo: () => Promise.resolve(undefined),
};

/** Deploys a module, or goes on where it stopped. Throws DeploymentError where the journal or a transaction forbids it. */
export async function runModule(input: ModuleInput): Promise<Contracts> {
  const { module, parameters, provider, deployer, folder, confirmations, pollMs } = input;
  const result = await deploy({
    config: { requiredConfirmations: confirmations, blockPollingInterval: pollMs },
    artifactResolver: resolver,
    provider,
    deploymentDir: folder,
    ignitionModule: module,
    deploymentParameters: parameters,
    accounts: [deployer],
  });
  if (result.type !== DeploymentResultType.SUCCESSFUL_DEPLOYMENT) throw refusal(module.id, result);
  const contracts = Object.entries(module.results as Record<string, { readonly id: string }>);
  return Object.fromEntries(
    contracts.map(([name, { id }]) => {
      const deployed = result.contracts[id];
      if (deployed === undefined) throw new Error(`Ignition deployed no ${id}.`);
      return [name, getAddress(deployed.address)];
    }),
  );
}

type Refused = Exclude<DeploymentResult, { type: DeploymentResultType.SUCCESSFUL_DEPLOYMENT }>;

function refusal(moduleId: string, result: Refused): DeploymentError {
  const sentences = (errors: Record<string, string[]>) =>
    Object.entries(errors).map(([future, all]) => `${future}: ${all.join(" ")}`);
  if (result.type !== DeploymentResultType.EXECUTION_ERROR) {
    const title =
      result.type === DeploymentResultType.RECONCILIATION_ERROR
        ? `${moduleId} is not what was begun here: the contracts or modules changed. Check out what they were and run this again.`
        : `${moduleId} cannot go on:`;
    return new DeploymentError(title, sentences(result.errors));
  }
  const { failed, timedOut, held } = result;
  return new DeploymentError(`${moduleId} stopped:`, [
    ...failed.map(({ futureId, error }) => `${futureId}: ${error}`),
    ...timedOut.map(({ futureId }) => `${futureId}: its transaction was not mined in time. Run this again.`),
    ...held.map(({ futureId, reason }) => `${futureId}: ${reason}`),
  ]);
}
