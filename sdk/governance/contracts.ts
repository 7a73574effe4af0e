import { type Abi, type Address, isAddressEqual } from "viem";
import { accessManagerAbi } from "../abi/access-manager.ts";
import { atomaGovernorAbi } from "../abi/atoma-governor.ts";
import { atomaTimelockAbi } from "../abi/atoma-timelock.ts";
import { atomaTokenAbi } from "../abi/atoma-token.ts";
import { disputesAbi } from "../abi/disputes.ts";
import { emissionsAbi } from "../abi/emissions.ts";
import { erc20Abi } from "../abi/erc20.ts";
import { nodeRegistryAbi } from "../abi/node-registry.ts";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { taskRegistryAbi } from "../abi/task-registry.ts";
import { teeRegistryAbi } from "../abi/tee-registry.ts";
import { treasuryAbi } from "../abi/treasury.ts";

const abis = {
  escrow: requestEscrowAbi,
  nodeRegistry: nodeRegistryAbi,
  taskRegistry: taskRegistryAbi,
  disputes: disputesAbi,
  teeRegistry: teeRegistryAbi,
  treasury: treasuryAbi,
  emissions: emissionsAbi,
  authority: accessManagerAbi,
  governor: atomaGovernorAbi,
  timelock: atomaTimelockAbi,
  atoma: atomaTokenAbi,
  token: erc20Abi,
} as const satisfies Readonly<Record<string, Abi>>;

/** A contract that governance may call, by its name in a deployment record. */
export type GovernedName = keyof typeof abis;

/** Where the contracts are. An instance may have no emissions. */
export type GovernedAddresses = Readonly<Record<Exclude<GovernedName, "emissions">, Address>> & {
  readonly emissions?: Address;
};

/** The interface of a contract. */
export const abiOf = (name: GovernedName): Abi => abis[name];

/** The contract at an address, or undefined where it is none of the network. */
export function nameAt(addresses: GovernedAddresses, address: Address): GovernedName | undefined {
  const entries = Object.entries(addresses) as [GovernedName, Address | undefined][]; // keys are the names
  return entries.find(([, at]) => at !== undefined && isAddressEqual(at, address))?.[0];
}
