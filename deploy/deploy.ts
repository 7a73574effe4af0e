import type { NetworkConnection } from "hardhat/types/network";
import { type Address, getAddress } from "viem";
import { Atoma } from "./modules/Atoma.ts";
import { assertPublic, type InstanceParameters } from "./parameters/parameters.ts";

/** Addresses of an instance. */
export type Instance = {
  readonly authority: Address;
  readonly nodeRegistry: Address;
  readonly taskRegistry: Address;
  readonly beacon: Address;
  readonly disputes: Address;
  readonly extension: Address;
  readonly escrow: Address;
  readonly collateral: Address;
  readonly quoteVerifier: Address;
  readonly teeRegistry: Address;
};

export type DeployInput = {
  readonly ignition: NetworkConnection["ignition"];
  readonly paymentToken: Address;
  readonly atoma: Address;
  readonly treasury: Address;
  readonly parameters: InstanceParameters;
  /** A public network's parameters are checked before anything is sent. */
  readonly isPublic: boolean;
};

/**
 * Deploys an instance with the deployment module.
 *
 * @throws Error if the parameters are not fit for a public network
 */
export async function deployAtoma(input: DeployInput): Promise<Instance> {
  const { ignition, paymentToken, atoma, treasury, parameters, isPublic } = input;
  if (isPublic) assertPublic(parameters);
  const values = { ...parameters, beaconPublicKey: [...parameters.beaconPublicKey] };
  const deployed = await ignition.deploy(Atoma, {
    parameters: { Atoma: { paymentToken, atoma, treasury, ...values } },
  });
  const names = [
    ...(["authority", "nodeRegistry", "taskRegistry", "beacon", "disputes", "extension", "escrow"] as const),
    ...(["collateral", "quoteVerifier", "teeRegistry"] as const),
  ];
  const entries = await Promise.all(
    names.map(async (name) => [name, getAddress(await deployed[name].getAddress())] as const),
  );
  return Object.fromEntries(entries) as Instance; // one entry per name of the list
}
