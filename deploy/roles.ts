import { toFunctionSelector } from "viem";

/** Role of the timelock in the access manager: the one that every restricted function needs unless a row below says otherwise. */
export const adminRole = 0n;
/** Role of the guardian, who pauses what is new. */
export const guardianRole = 2n;

/** The contracts of an instance that have functions with a role of their own. */
export type GuardedContract = "escrow" | "taskRegistry";

/** A function of an instance that a role other than the admin's may call. */
export type GuardedFunction = {
  readonly contract: GuardedContract;
  readonly signature: string;
  readonly role: bigint;
};

/** Who may do what besides the admin. Nobody holds a role until the admin grants it. */
export const guardedFunctions: readonly GuardedFunction[] = [
  { contract: "escrow", signature: "pauseRequests(uint256)", role: guardianRole },
  { contract: "taskRegistry", signature: "pauseRegistrations(uint256)", role: guardianRole },
];

/** Selector of a guarded function. */
export const selectorOf = ({ signature }: GuardedFunction): string => toFunctionSelector(signature);
