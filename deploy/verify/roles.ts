import { type AbiFunction, type Address, type Hex, isAddressEqual, toFunctionSelector, zeroAddress } from "viem";
import { accessManagerAbi } from "../../sdk/abi/access-manager.ts";
import { atomaTimelockAbi } from "../../sdk/abi/atoma-timelock.ts";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { emissionsAbi } from "../../sdk/abi/emissions.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import { treasuryAbi } from "../../sdk/abi/treasury.ts";
import { adminRole, guardedFunctions, guardianRole } from "../../sdk/governance/guarded.ts";
import { timelockRoles } from "../../sdk/governance/timelock-roles.ts";
import type { ContractName } from "../run/record.ts";
import { type Holder, managerHolders, timelockHolders } from "./authority.ts";
import { originOf } from "./history.ts";
import { type Proof, proof, proofOf } from "./proof.ts";
import type { Subject } from "./subject.ts";

/** Contracts under the access manager. The extension has a storage of its own, where nobody can do anything. */
export const managed = {
  nodeRegistry: nodeRegistryAbi,
  taskRegistry: taskRegistryAbi,
  disputes: disputesAbi,
  teeRegistry: teeRegistryAbi,
  escrow: requestEscrowAbi,
  treasury: treasuryAbi,
  emissions: emissionsAbi,
} as const satisfies Partial<Record<ContractName, readonly unknown[]>>;
export type Managed = keyof typeof managed;

/** Who must hold a role, and nobody else. */
type Declared = readonly (readonly [role: string, account: Address])[];

/** Proves who holds power: of the access manager, of the timelock, and over every function. */
export async function proveRoles(subject: Subject): Promise<Proof[]> {
  const { chain, record } = subject;
  const fromBlock = await originOf(subject);
  const manager = await managerHolders({ chain, address: record.authority, fromBlock });
  const timelock = await timelockHolders({ chain, address: record.timelock, fromBlock });
  const deployers = [...manager, ...timelock].filter(({ account }) =>
    [record.deployer, record.founder].some((deployer) => isAddressEqual(account, deployer)),
  );
  const delayed = manager.filter(({ delayS }) => delayS !== 0).map(({ role }) => `role ${role} has a delay`);
  return [
    proofOf("access manager: the timelock is the only admin, the guardian the only guardian", [
      ...differences(manager, declaredOf(subject)),
      ...delayed,
    ]),
    proofOf(
      "timelock: the governor proposes and cancels, anybody executes, itself is admin",
      differences(timelock, declaredOfTimelock(subject)),
    ),
    proofOf(
      "the deployer holds nothing",
      deployers.map(({ role }) => `it holds role ${role}`),
    ),
    ...(await Promise.all([proveRoleAdmins(subject), proveTimelockAdmins(subject)])),
    ...(await Promise.all((Object.keys(managed) as Managed[]).map((name) => proveFunctions(subject, name)))),
  ];
}

const declaredOf = ({ record, file }: Subject): Declared => [
  [adminRole.toString(), record.timelock],
  [guardianRole.toString(), file.guardian],
];

const declaredOfTimelock = ({ record }: Subject): Declared => [
  ["DEFAULT_ADMIN", record.timelock],
  ["PROPOSER", record.governor],
  ["CANCELLER", record.governor],
  ["EXECUTOR", zeroAddress],
];

function differences(found: readonly Holder[], declared: Declared): string[] {
  const isDeclared = ({ role, account }: Holder) =>
    declared.some(([wanted, who]) => wanted === role && isAddressEqual(who, account));
  const isFound = ([role, who]: Declared[number]) =>
    found.some((holder) => holder.role === role && isAddressEqual(holder.account, who));
  return [
    ...found.filter((holder) => !isDeclared(holder)).map(({ role, account }) => `${account} holds role ${role}`),
    ...declared.filter((one) => !isFound(one)).map(([role, who]) => `${who} does not hold role ${role}`),
  ];
}

/** Who can grant and cancel what the guardian does: the admin alone. */
async function proveRoleAdmins({ chain, record }: Subject): Promise<Proof> {
  const at = { address: record.authority, abi: accessManagerAbi, args: [guardianRole] } as const;
  const [admin, guardian, delay] = await Promise.all([
    chain.readContract({ ...at, functionName: "getRoleAdmin" }),
    chain.readContract({ ...at, functionName: "getRoleGuardian" }),
    chain.readContract({ ...at, functionName: "getRoleGrantDelay" }),
  ]);
  const isAdmins = admin === adminRole && guardian === adminRole && delay === 0;
  return proof("access manager: only the admin grants the guardian's role", isAdmins, `role ${admin} grants it`);
}

async function proveTimelockAdmins({ chain, record }: Subject): Promise<Proof> {
  const faults = await Promise.all(
    Object.entries(timelockRoles).map(async ([name, role]) => {
      const read = { address: record.timelock, abi: atomaTimelockAbi, args: [role] } as const;
      const admin = await chain.readContract({ ...read, functionName: "getRoleAdmin" });
      return admin === timelockRoles.DEFAULT_ADMIN ? [] : [`${admin} grants ${name}`];
    }),
  );
  return proofOf("timelock: only its admin, itself, grants roles", faults.flat());
}

/** Proves of every function that changes something which role it needs, and that its contract obeys the access manager. */
async function proveFunctions({ chain, record }: Subject, name: Managed): Promise<Proof> {
  const [address, manager] = [record[name], { address: record.authority, abi: accessManagerAbi } as const];
  const functions = (managed[name] as readonly { readonly type: string }[])
    .filter((item): item is AbiFunction => item.type === "function")
    .filter(({ stateMutability }) => stateMutability !== "view" && stateMutability !== "pure");
  const authority = await chain.readContract({ address, abi: treasuryAbi, functionName: "authority" });
  const closed = await chain.readContract({ ...manager, functionName: "isTargetClosed", args: [address] });
  const delay = await chain.readContract({ ...manager, functionName: "getTargetAdminDelay", args: [address] });
  const wrong = await Promise.all(
    functions.map(async (item) => {
      const selector: Hex = toFunctionSelector(item);
      const read = { ...manager, functionName: "getTargetFunctionRole", args: [address, selector] } as const;
      const [role, wanted] = [await chain.readContract(read), roleOf(name, selector)];
      return role === wanted ? [] : [`${item.name} needs role ${role} and not ${wanted}`];
    }),
  );
  return proofOf(
    `${name}: all ${functions.length} functions need the roles declared, and it obeys the access manager`,
    [
      ...(isAddressEqual(authority, record.authority) ? [] : [`it obeys ${authority}`]),
      ...(closed ? ["it is closed"] : []),
      ...(delay === 0 ? [] : [`its administration waits ${delay} s`]),
      ...wrong.flat(),
    ],
  );
}

function roleOf(name: Managed, selector: Hex): bigint {
  const row = guardedFunctions.find((one) => one.contract === name && one.selector === selector);
  return row?.role ?? adminRole;
}
