import { type Address, formatEther, formatGwei, isAddressEqual, zeroAddress, type PublicClient } from "viem";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { atomaTimelockAbi } from "../../sdk/abi/atoma-timelock.ts";
import { adminRole, guardianRole } from "../../sdk/governance/guarded.ts";
import { type Holder, managerHolders, timelockHolders } from "../verify/authority.ts";
import type { Planned } from "./rehearse.ts";

/** Of all planned transactions, in wei. */
export function costOf(planned: readonly Planned[], feeWei: bigint): bigint {
  return planned.reduce((sum, { gas }) => sum + gas * feeWei, 0n);
}

/** Every transaction, and what all of them cost at a fee. */
export function planLines(planned: readonly Planned[], deployer: Address, feeWei: bigint): string[] {
  const gas = planned.reduce((sum, one) => sum + one.gas, 0n);
  const fee = `${formatGwei(feeWei)} gwei`;
  return [
    `Transactions, all from the deployer ${deployer}:`,
    ...planned.flatMap((one, i) => transactionLines(one, i + 1, feeWei)),
    `Total: ${planned.length} transactions, ${gas.toLocaleString("en")} gas, ${formatEther(gas * feeWei)} ether at ${fee}.`,
  ];
}

function transactionLines(one: Planned, number: number, feeWei: bigint): string[] {
  const target = one.to === undefined ? `creates ${one.creates ?? "?"}` : `to ${one.to} (${one.contract})`;
  return [
    `${String(number).padStart(3)}. nonce ${one.nonce}, ${target}`,
    `     ${one.call}`,
    `     ${one.gas.toLocaleString("en")} gas, ${formatEther(one.gas * feeWei)} ether; keccak256 of ${one.dataBytes} bytes: ${one.dataHash}`,
  ];
}

export type AuthorityInput = {
  readonly chain: PublicClient;
  readonly authority: Address;
  readonly timelock: Address;
  readonly governor: Address;
  readonly guardian: Address;
  readonly deployer: Address;
  readonly fromBlock: bigint;
};

/** Who holds what power, as the chain says, and what of it the deployer has. */
export type AuthorityReport = { readonly lines: readonly string[]; readonly kept: readonly string[] };

/** Throws where the chain names nobody: silence proves nothing. */
export async function authorityReport(input: AuthorityInput): Promise<AuthorityReport> {
  const { chain, authority, timelock, governor, deployer, fromBlock } = input;
  const manager = await managerHolders({ chain, address: authority, fromBlock });
  const ofTimelock = await timelockHolders({ chain, address: timelock, fromBlock });
  if (manager.length === 0 || ofTimelock.length === 0)
    throw new Error(`The chain names no holder of a role since block ${fromBlock}: who holds power is not known.`);
  const delayS = await chain.readContract({ address: timelock, abi: atomaTimelockAbi, functionName: "getMinDelay" });
  const is = (account: Address) => isAddressEqual(account, deployer);
  const kept = [
    ...manager.filter(({ account }) => is(account)).map(({ role }) => `access manager: ${managerRole(role)}`),
    ...ofTimelock.filter(({ account }) => is(account)).map(({ role }) => `timelock: ${role}`),
  ];
  const lines = [
    "Authority afterwards:",
    ...manager.map((holder) => `  access manager ${authority}: ${managerRole(holder.role)} = ${who(holder, input)}`),
    ...ofTimelock.map((holder) => `  timelock ${timelock}: ${holder.role} = ${who(holder, input)}`),
    `  timelock: what is decided waits ${delayS} s before anybody may execute it`,
    ...(await governorLines(chain, governor)),
    `  deployer keeps: ${kept.length === 0 ? "nothing" : kept.join(", ")}`,
  ];
  return { lines, kept };
}

async function governorLines(chain: PublicClient, address: Address): Promise<string[]> {
  const at = { address, abi: atomaGovernorAbi } as const;
  const [delayS, periodS, threshold, quorum, guardian] = await Promise.all([
    chain.readContract({ ...at, functionName: "votingDelay" }),
    chain.readContract({ ...at, functionName: "votingPeriod" }),
    chain.readContract({ ...at, functionName: "proposalThreshold" }),
    chain.readContract({ ...at, functionName: "quorumNumerator" }),
    chain.readContract({ ...at, functionName: "proposalGuardian" }),
  ]);
  return [
    `  governor ${address}: ${formatEther(threshold)} ATOMA propose; voting after ${delayS} s, for ${periodS} s, quorum ${quorum} % of the supply`,
    `  governor: ${guardian} may cancel a proposal, but not its own replacement`,
  ];
}

function managerRole(role: string): string {
  if (BigInt(role) === adminRole) return "admin (sets parameters and roles)";
  if (BigInt(role) === guardianRole) return "guardian (pauses what is new)";
  return `role ${role}`;
}

function who({ account, delayS }: Holder, input: AuthorityInput): string {
  const { timelock, governor, guardian, deployer } = input;
  const names: readonly (readonly [Address, string])[] = [
    [timelock, "the timelock"],
    [governor, "the governor"],
    [guardian, "the guardian"],
    [deployer, "THE DEPLOYER"],
    [zeroAddress, "anybody"],
  ];
  const name = names.find(([address]) => isAddressEqual(address, account))?.[1] ?? "UNKNOWN";
  return `${account} (${name})${delayS === 0 ? "" : `, after ${delayS} s`}`;
}
