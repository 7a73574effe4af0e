import { type Address, isAddressEqual, parseAbi, type PublicClient } from "viem";
import { accessManagerAbi } from "../../sdk/abi/access-manager.ts";
import { atomaTimelockAbi } from "../../sdk/abi/atoma-timelock.ts";
import { timelockRoleName } from "../../sdk/governance/timelock-roles.ts";
import { logsOf } from "../run/logs.ts";

/** Who holds a role, by events and confirmed by the contract. */
export type Holder = {
  readonly role: string;
  readonly account: Address;
  /** Seconds from a scheduled call to its execution; access managers only. */
  readonly delayS: number;
};

type At = { readonly chain: PublicClient; readonly address: Address; readonly fromBlock: bigint };

const managerEvents = parseAbi([
  "event RoleGranted(uint64 indexed roleId, address indexed account, uint32 delay, uint48 since, bool newMember)",
  "event RoleRevoked(uint64 indexed roleId, address indexed account)",
]);
const timelockEvents = parseAbi([
  "event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)",
  "event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)",
]);

const unique = <T>(items: readonly T[], keyOf: (item: T) => string): T[] => [
  ...new Map(items.map((item) => [keyOf(item), item])).values(),
];

/** Everybody who holds a role of an access manager. Whoever was ever granted one is asked about. */
export async function managerHolders({ chain, address, fromBlock }: At): Promise<Holder[]> {
  const to = await chain.getBlockNumber();
  const logs = await logsOf(chain, { address, events: managerEvents, from: fromBlock, to });
  const ever = unique(logs, ({ args }) => `${args.roleId} ${args.account}`);
  const held = ever.map(async ({ args: { roleId, account } }) => {
    const read = { address, abi: accessManagerAbi, functionName: "getAccess", args: [roleId, account] } as const;
    const [since, delayS] = await chain.readContract(read);
    return since === 0 ? [] : [{ role: roleId.toString(), account, delayS }]; // granted for later counts too
  });
  return (await Promise.all(held)).flat();
}

/** Everybody who holds a role of a timelock. */
export async function timelockHolders({ chain, address, fromBlock }: At): Promise<Holder[]> {
  const to = await chain.getBlockNumber();
  const logs = await logsOf(chain, { address, events: timelockEvents, from: fromBlock, to });
  const ever = unique(logs, ({ args }) => `${args.role} ${args.account}`);
  const held = ever.map(async ({ args: { role, account } }) => {
    const read = { address, abi: atomaTimelockAbi, functionName: "hasRole", args: [role, account] } as const;
    return (await chain.readContract(read)) ? [{ role: timelockRoleName(role), account, delayS: 0 }] : [];
  });
  return (await Promise.all(held)).flat();
}

/** Block in which an account last gave up a role of an access manager, or undefined. */
export async function resignedAt(
  { chain, address, fromBlock }: At,
  role: bigint,
  account: Address,
): Promise<bigint | undefined> {
  const to = await chain.getBlockNumber();
  const logs = await logsOf(chain, { address, events: managerEvents, from: fromBlock, to });
  return logs.findLast(
    ({ eventName, args }) =>
      eventName === "RoleRevoked" && args.roleId === role && isAddressEqual(args.account, account),
  )?.blockNumber;
}
