import { encodeFunctionData, type Hex, toFunctionSelector } from "viem";
import { accessManagerAbi } from "../abi/access-manager.ts";
import type { GovernedAddresses } from "./contracts.ts";
import type { ProposalCall } from "./proposal.ts";

/** Role of the timelock in the access manager. */
export const adminRole = 0n;
/** Role of the guardian, who pauses what is new. */
export const guardianRole = 2n;

/** Functions of an instance that the guardian may call; all others that are restricted are the timelock's. */
export const guardedFunctions: readonly { readonly contract: "escrow" | "taskRegistry"; readonly selector: Hex }[] = [
  { contract: "escrow", selector: toFunctionSelector("pauseRequests(uint256)") },
  { contract: "taskRegistry", selector: toFunctionSelector("pauseRegistrations(uint256)") },
];

/** The calls that give the guardian its functions of an instance, as another instance needs them once. */
export const roleCalls = (addresses: GovernedAddresses): readonly ProposalCall[] =>
  guardedFunctions.map(({ contract, selector }) => ({
    target: addresses.authority,
    value: 0n,
    data: encodeFunctionData({
      abi: accessManagerAbi,
      functionName: "setTargetFunctionRole",
      args: [addresses[contract], [selector], guardianRole],
    }),
  }));
