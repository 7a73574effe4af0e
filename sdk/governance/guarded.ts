import { encodeFunctionData, type Hex, toFunctionSelector } from "viem";
import { accessManagerAbi } from "../abi/access-manager.ts";
import type { GovernedAddresses } from "./contracts.ts";
import type { ProposalCall } from "./proposal.ts";

/** Role of the timelock in the access manager: the one that every restricted function needs unless a row below says otherwise. */
export const adminRole = 0n;
/** Role of the guardian, who pauses what is new. */
export const guardianRole = 2n;

/** A function of an instance that a role other than the admin's may call. */
export type GuardedFunction = {
  readonly contract: "escrow" | "taskRegistry";
  readonly signature: string;
  readonly selector: Hex;
  readonly role: bigint;
};

const guarded = (contract: GuardedFunction["contract"], signature: string): GuardedFunction => ({
  ...{ contract, signature, selector: toFunctionSelector(signature), role: guardianRole },
});

/** Who may do what besides the admin. Nobody holds a role until the admin grants it. */
export const guardedFunctions: readonly GuardedFunction[] = [
  guarded("escrow", "pauseRequests(uint256)"),
  guarded("taskRegistry", "pauseRegistrations(uint256)"),
];

/** The calls that give the guarded functions of an instance their roles, as another instance needs them once. */
export const roleCalls = (addresses: GovernedAddresses): readonly ProposalCall[] =>
  guardedFunctions.map(({ contract, selector, role }) => ({
    target: addresses.authority,
    value: 0n,
    data: encodeFunctionData({
      abi: accessManagerAbi,
      functionName: "setTargetFunctionRole",
      args: [addresses[contract], [selector], role],
    }),
  }));
