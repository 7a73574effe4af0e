import { type Hex, keccak256, stringToBytes, zeroHash } from "viem";

/** Roles of the timelock by name, as OpenZeppelin's TimelockController has them. */
export const timelockRoles = {
  DEFAULT_ADMIN: zeroHash,
  PROPOSER: keccak256(stringToBytes("PROPOSER_ROLE")),
  EXECUTOR: keccak256(stringToBytes("EXECUTOR_ROLE")),
  CANCELLER: keccak256(stringToBytes("CANCELLER_ROLE")),
} as const satisfies Readonly<Record<string, Hex>>;

/** The name of a role of the timelock, or the role itself where it has none. */
export const timelockRoleName = (role: Hex): string =>
  Object.entries(timelockRoles).find(([, id]) => id === role)?.[0] ?? role;
