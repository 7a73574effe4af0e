/** Who holds which role, what the treasury holds and owes, and where emissions are. */
import { type Address, isAddressEqual } from "viem";
import { accessManagerAbi } from "../../sdk/abi/access-manager.ts";
import { atomaTimelockAbi } from "../../sdk/abi/atoma-timelock.ts";
import { adminRole, guardianRole } from "../../sdk/governance/guarded.ts";
import { timelockRoleName } from "../../sdk/governance/timelock-roles.ts";
import type { WarningFacts } from "../../sdk/governance/warnings.ts";
import type { Io } from "../cli/io.ts";
import { UsageError } from "../commands/usage-error.ts";
import { authorityOf, emissionsOf, type Governance, timelockOf, treasuryOf } from "./contracts.ts";
import { readEvents } from "./events.ts";

/** A role that an account holds, or will from a time on if that is set (Unix seconds) and nobody prevents it. */
export type Holding = {
  readonly contract: string;
  readonly role: string;
  readonly account: Address;
  readonly fromS?: bigint;
};

/** A stream of the treasury. Amounts in the token's smallest unit, times in Unix seconds. */
export type Stream = {
  readonly id: bigint;
  readonly token: Address;
  readonly recipient: Address;
  readonly total: bigint;
  readonly paid: bigint;
  readonly accrued: bigint;
  readonly startS: bigint;
  readonly endS: bigint;
};

const roleNames: Readonly<Record<string, string>> = { [`${adminRole}`]: "admin", [`${guardianRole}`]: "guardian" };

const readAuthorityRoles = async (io: Io, governance: Governance): Promise<readonly Holding[]> => {
  const { session, addresses, fromBlock: from } = governance;
  const query = { abi: accessManagerAbi, eventName: "RoleGranted", from, what: "Roles are looked up" } as const;
  const granted = await readEvents(io, session, { ...query, address: addresses.authority });
  if (!granted.some(({ args }) => args.roleId === adminRole && isAddressEqual(args.account, addresses.timelock)))
    throw new UsageError(
      `Roles cannot be told: since block ${from} nobody gave the timelock the power that it has. Put a block that is not after the access manager into the record, as authorityBlock.`,
    );
  const { timestamp: nowS } = await session.context.publicClient.getBlock();
  const unique = new Map(granted.map(({ args }) => [`${args.roleId} ${args.account}`, args]));
  const held = [...unique.values()].map(async ({ roleId, account }) => {
    // what is granted for later is no membership yet, and needs no further decision
    const read = { ...authorityOf(governance), functionName: "getAccess", args: [roleId, account] } as const;
    const [sinceS] = await session.context.publicClient.readContract(read);
    const role = roleNames[`${roleId}`] ?? `${roleId}`;
    if (sinceS === 0) return [];
    return [{ contract: "authority", role, account, ...(sinceS > nowS ? { fromS: BigInt(sinceS) } : {}) }];
  });
  return (await Promise.all(held)).flat();
};

const readTimelockRoles = async (io: Io, governance: Governance): Promise<readonly Holding[]> => {
  const { session, addresses, fromBlock: from } = governance;
  const query = { abi: atomaTimelockAbi, eventName: "RoleGranted", from, what: "Roles are looked up" } as const;
  const granted = await readEvents(io, session, { ...query, address: addresses.timelock });
  const unique = new Map(granted.map(({ args }) => [`${args.role} ${args.account}`, args]));
  const held = [...unique.values()].map(async ({ role, account }) => {
    const read = { ...timelockOf(governance), functionName: "hasRole", args: [role, account] } as const;
    const isMember = await session.context.publicClient.readContract(read);
    return isMember ? [{ contract: "timelock", role: timelockRoleName(role).toLowerCase(), account }] : [];
  });
  return (await Promise.all(held)).flat();
};

/** Every role that is held, asked of the contracts for all accounts that events name. */
export const readRoles = async (io: Io, governance: Governance): Promise<readonly Holding[]> => [
  ...(await readAuthorityRoles(io, governance)),
  ...(await readTimelockRoles(io, governance)),
];

/** What the treasury can give: of ATOMA, and of the payment token. */
export const readAvailable = async (governance: Governance): Promise<WarningFacts["available"]> => {
  const { addresses, payment, session } = governance;
  const tokens = [
    [addresses.atoma, session.tokens.stake],
    [addresses.token, payment],
  ] as const;
  const entries = tokens.map(async ([token, { symbol, decimals }]) => {
    const read = { ...treasuryOf(governance), functionName: "available", args: [token] } as const;
    const amount = await session.context.publicClient.readContract(read);
    return [token.toLowerCase(), { amount, symbol, decimals }] as const;
  });
  return new Map(await Promise.all(entries));
};

const readStream = async (governance: Governance, id: bigint): Promise<Stream> => {
  const { publicClient } = governance.session.context;
  const read = { ...treasuryOf(governance), args: [id] } as const;
  const [{ token, recipient, total, paid, start, end }, accrued] = await Promise.all([
    publicClient.readContract({ ...read, functionName: "streamOf" }),
    publicClient.readContract({ ...read, functionName: "accrued" }),
  ]);
  return { id, token, recipient, total, paid, accrued, startS: BigInt(start), endS: BigInt(end) };
};

const mostStreams = 200n;

/** The streams of the treasury, the last 200. */
export const readStreams = async (governance: Governance): Promise<readonly Stream[]> => {
  const read = { ...treasuryOf(governance), functionName: "streamCount" } as const;
  const count = await governance.session.context.publicClient.readContract(read);
  const first = count > mostStreams ? count - mostStreams : 0n;
  const ids = Array.from({ length: Number(count - first) }, (_, i) => first + BigInt(i));
  return Promise.all(ids.map((id) => readStream(governance, id)));
};

/** The current epoch. `budget` is 0 until the first work is recorded in it. Times in Unix seconds, amounts in units of ATOMA. */
export const readEpoch = async (governance: Governance) => {
  const { publicClient } = governance.session.context;
  const of = emissionsOf(governance);
  const [epoch, lengthS, startS, available] = await Promise.all([
    publicClient.readContract({ ...of, functionName: "currentEpoch" }),
    publicClient.readContract({ ...of, functionName: "EPOCH" }),
    publicClient.readContract({ ...of, functionName: "START" }),
    publicClient.readContract({ ...of, functionName: "available" }),
  ]);
  const facts = await publicClient.readContract({ ...of, functionName: "epochOf", args: [epoch] });
  return { epoch, endsAtS: startS + (epoch + 1n) * lengthS, available, ...facts };
};
