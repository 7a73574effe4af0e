import type { Address, PublicClient } from "viem";
import type { NetworkFile } from "../parameters/schema.ts";
import type { ContractName, DeploymentRecord } from "../run/record.ts";

/** What is verified: a deployment's record and its network's file, against the chain. */
export type Subject = {
  readonly chain: PublicClient;
  readonly file: NetworkFile;
  readonly record: DeploymentRecord;
};

/** The build's contract for each name of a record. */
export const contractOf: Readonly<Record<ContractName, string>> = {
  atoma: "AtomaToken",
  authority: "AccessManager",
  timelock: "AtomaTimelock",
  governor: "AtomaGovernor",
  treasury: "Treasury",
  nodeRegistry: "NodeRegistry",
  taskRegistry: "TaskRegistry",
  beacon: "DrandBeacon",
  disputes: "Disputes",
  extension: "EscrowExtension",
  escrow: "RequestEscrow",
  collateral: "DcapCollateral",
  quoteVerifier: "DcapVerifier",
  teeRegistry: "TeeRegistry",
  emissions: "Emissions",
};

/** The escrow's config, as its constructor takes it. */
export function escrowConfig({ file, record }: Subject) {
  const { token, treasury, nodeRegistry, taskRegistry, beacon, disputes, teeRegistry, authority } = record;
  const addresses = { token, treasury, nodeRegistry, taskRegistry, beacon, disputes, teeRegistry, authority };
  return { ...addresses, parameters: file.instance.parameters };
}

/** What each constructor must have been given. */
export function constructorArguments(subject: Subject): Readonly<Record<ContractName, readonly unknown[]>> {
  const { file, record: r } = subject;
  const { instance, emissions, guardian } = file;
  const { timelockDelay, ...governorSettings } = file.governance;
  const { beaconGenesis, beaconPeriod, beaconPublicKey } = instance;
  const { epochLength, mostBudget, emissionPrice } = emissions;
  const config = escrowConfig(subject);
  return {
    atoma: tokenArguments(subject),
    authority: [r.founder],
    timelock: [timelockDelay, r.founder],
    governor: [r.atoma, r.timelock, guardian, governorSettings],
    treasury: [r.authority],
    nodeRegistry: [r.atoma, r.authority, instance.unbonding],
    taskRegistry: [r.nodeRegistry, r.authority, instance.taskSettings, instance.stakePrice],
    beacon: [beaconGenesis, beaconPeriod, beaconPublicKey],
    disputes: [r.nodeRegistry, r.taskRegistry, r.beacon, r.authority, instance.disputeParameters],
    extension: [config],
    escrow: [config, r.extension],
    collateral: [instance.attestationRoot],
    quoteVerifier: [r.collateral],
    teeRegistry: [r.nodeRegistry, r.taskRegistry, r.quoteVerifier, r.authority],
    emissions: [r.atoma, r.escrow, r.authority, epochLength, mostBudget, emissionPrice],
  };
}

function tokenArguments({ file: { atoma }, record }: Subject): readonly unknown[] {
  if ("address" in atoma) return [];
  const holder: Address = atoma.holder === "deployer" ? record.founder : atoma.holder;
  return [holder, atoma.supply];
}
