import { type AbiEvent, type Address, isAddressEqual, zeroAddress } from "viem";
import { accessManagerAbi } from "../../sdk/abi/access-manager.ts";
import { atomaTimelockAbi } from "../../sdk/abi/atoma-timelock.ts";
import { adminRole, guardianRole } from "../../sdk/governance/guarded.ts";
import { timelockRoles } from "../../sdk/governance/timelock-roles.ts";
import { logsOf } from "../run/logs.ts";
import { type Proof, proofOf } from "./proof.ts";
import type { Subject } from "./subject.ts";

/** An event of access manager or timelock. */
type Happened = {
  readonly eventName: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly blockNumber: bigint;
};

/** What may happen before the hand-over: an event, and what its arguments must be. */
type Allowed = readonly [eventName: string, args: Readonly<Record<string, unknown>>];

/**
 * The first block in which access manager or timelock can have said anything. The chain says so, by the transactions that
 * made them: a record that names a later block would hide what came before it.
 */
export async function originOf({ chain, record }: Pick<Subject, "chain" | "record">): Promise<bigint> {
  const blocks = await Promise.all(
    (["authority", "timelock"] as const).map(async (name) => {
      const hash = record.contracts[name]?.transaction;
      const receipt =
        hash === undefined ? undefined : await chain.getTransactionReceipt({ hash }).catch(() => undefined);
      return receipt?.blockNumber ?? 0n;
    }),
  );
  return blocks.reduce((least, block) => (block < least ? block : least));
}

/**
 * Proves that until the deployer had given up its power, nobody did more with it than a deployment does. Roles that were
 * given and taken back leave something behind: an operation that waits in the timelock for anyone to execute, a delay that
 * begins later.
 */
export async function proveHistory(subject: Subject): Promise<Proof[]> {
  const { record, file } = subject;
  const ofManager = await untilResigned(subject, record.authority, accessManagerAbi, ["roleId", adminRole]);
  const ofTimelock = await untilResigned(subject, record.timelock, atomaTimelockAbi, [
    "role",
    timelockRoles.DEFAULT_ADMIN,
  ]);
  const { DEFAULT_ADMIN, PROPOSER, CANCELLER, EXECUTOR } = timelockRoles;
  const delays = { oldDuration: 0n, newDuration: BigInt(file.governance.timelockDelay) };
  return [
    proofOf(
      "access manager: until the hand-over nothing was done but what a deployment does",
      undeclared(ofManager, [
        ["RoleGranted", { roleId: adminRole, account: record.founder, delay: 0 }],
        ["RoleGranted", { roleId: adminRole, account: record.timelock, delay: 0 }],
        ["RoleGranted", { roleId: guardianRole, account: file.guardian, delay: 0 }],
        ["RoleRevoked", { roleId: adminRole, account: record.founder }],
        ["TargetFunctionRoleUpdated", {}], // what they are now is proven
      ]),
    ),
    proofOf(
      "timelock: until the hand-over nothing was scheduled, and no role given but those declared",
      undeclared(ofTimelock, [
        ["RoleGranted", { role: DEFAULT_ADMIN, account: record.timelock }],
        ["RoleGranted", { role: DEFAULT_ADMIN, account: record.founder }],
        ["RoleGranted", { role: EXECUTOR, account: zeroAddress }],
        ["RoleGranted", { role: PROPOSER, account: record.governor }],
        ["RoleGranted", { role: CANCELLER, account: record.governor }],
        ["RoleRevoked", { role: DEFAULT_ADMIN, account: record.founder }],
        ["MinDelayChange", delays],
      ]),
    ),
  ];
}

/** All events of a contract up to the one by which the founder first lost its role; all there are if it never did. */
async function untilResigned(
  subject: Subject,
  address: Address,
  abi: readonly { readonly type: string }[],
  [name, role]: readonly [string, unknown],
): Promise<readonly Happened[]> {
  const { chain, record } = subject;
  const events = abi.filter((item): item is AbiEvent => item.type === "event");
  const [from, to] = [await originOf(subject), await chain.getBlockNumber()];
  const logs = (await logsOf(chain, { address, events, from, to })) as readonly Happened[]; // all their arguments have names
  const resigned = { [name]: role, account: record.founder };
  const last = logs.findIndex((log) => isAllowed(log, ["RoleRevoked", resigned]));
  return last < 0 ? logs : logs.slice(0, last + 1);
}

function undeclared(logs: readonly Happened[], allowed: readonly Allowed[]): string[] {
  return logs
    .filter((log) => !allowed.some((one) => isAllowed(log, one)))
    .map(({ eventName, args, blockNumber }) => `${eventName}(${shown(args)}) in block ${blockNumber}`);
}

const isAllowed = ({ eventName, args }: Happened, [name, wanted]: Allowed): boolean =>
  eventName === name && Object.entries(wanted).every(([key, value]) => isSame(args[key], value));

function isSame(found: unknown, wanted: unknown): boolean {
  const isPair = [found, wanted].every((one) => typeof one === "string" && one.length === zeroAddress.length);
  return isPair ? isAddressEqual(found as Address, wanted as Address) : found === wanted;
}

const shown = (args: Happened["args"]): string =>
  Object.entries(args)
    .map(([key, value]) => `${key}: ${String(value)}`)
    .join(", ");
