/** What voters should not overlook in a call. */
import { type Address, formatUnits, toFunctionSelector } from "viem";
import { abiOf, type GovernedAddresses, nameAt } from "./contracts.ts";
import { type Argument, type DecodedCall } from "./decode.ts";
import { adminRole, guardedFunctions, guardianRole } from "./guarded.ts";
import { parameters } from "./parameters.ts";

/** Tokens of the treasury that no stream has promised, by the token's address in lower case, in its smallest unit. */
export type WarningFacts = {
  readonly addresses: GovernedAddresses;
  readonly available: ReadonlyMap<
    string,
    { readonly amount: bigint; readonly symbol: string; readonly decimals: number }
  >;
};

type Rule = (call: DecodedCall, facts: WarningFacts) => string | undefined;

const valueOf = ({ arguments: all }: Pick<DecodedCall, "arguments">, name: string): unknown =>
  all.find((one: Argument) => one.name === name)?.value;
const textOf = (call: DecodedCall, name: string): string => String(valueOf(call, name));

const share = (call: DecodedCall, { available }: WarningFacts, argument: string): string => {
  const held = available.get(textOf(call, "token").toLowerCase());
  const amount = valueOf(call, argument);
  if (typeof amount !== "bigint") return "";
  if (held === undefined) return `${amount} of the token ${textOf(call, "token")}, which this network does not use`;
  const given = `${formatUnits(amount, held.decimals)} ${held.symbol}`;
  if (held.amount === 0n) return `${given}, of which it has nothing that is free`;
  const perMille = (amount * 1_000n) / held.amount;
  return `${given}, ${formatUnits(perMille, 1)}% of what is free`;
};

const publicRole = 2n ** 64n - 1n;
const roleNames: Readonly<Record<string, string>> = {
  [`${adminRole}`]: "admin, which is all power",
  [`${guardianRole}`]: "guardian",
  [`${publicRole}`]: `${publicRole}, which is everybody,`,
};
const roleOf = (call: DecodedCall): string => roleNames[textOf(call, "roleId")] ?? textOf(call, "roleId");

/** Functions of a target by name; those that nobody here knows as they are. */
const functionsOf = (call: DecodedCall, { addresses }: WarningFacts): string => {
  const selectors = valueOf(call, "selectors");
  const name = nameAt(addresses, textOf(call, "target") as Address);
  const functions = name === undefined ? [] : abiOf(name).filter((item) => item.type === "function");
  const named = (Array.isArray(selectors) ? (selectors as string[]) : []).map((selector) => {
    const found = functions.find((item) => toFunctionSelector(item) === selector);
    return found === undefined ? `the unknown function ${selector}` : `${found.name} (${selector})`;
  });
  return `${named.join(", ")} of ${name ?? "an unknown contract"}`;
};

/** The rows that an instance needs once, and no other, are ordinary. */
const isGuardedRow = (call: DecodedCall, { addresses }: WarningFacts): boolean => {
  const selectors = valueOf(call, "selectors");
  if (!Array.isArray(selectors) || valueOf(call, "roleId") !== guardianRole) return false;
  return (selectors as string[]).every((selector) =>
    guardedFunctions.some((row) => row.selector === selector && addresses[row.contract] === valueOf(call, "target")),
  );
};

const rules: Readonly<Record<string, Rule>> = {
  "authority.grantRole": (call) => `gives ${textOf(call, "account")} the role ${roleOf(call)}.`,
  "authority.revokeRole": (call) => `takes the role ${roleOf(call)} from ${textOf(call, "account")}.`,
  "authority.setTargetClosed": (call) => `closes or opens every restricted function of ${textOf(call, "target")}.`,
  "authority.updateAuthority": (call) =>
    `hands ${textOf(call, "target")} to another authority, ${textOf(call, "newAuthority")}: governance loses it.`,
  "authority.setTargetFunctionRole": (call, facts) =>
    isGuardedRow(call, facts)
      ? undefined
      : `lets the role ${roleOf(call)} call ${functionsOf(call, facts)} ${textOf(call, "target")}.`,
  "timelock.grantRole": (call) => `gives ${textOf(call, "account")} the timelock's role ${textOf(call, "role")}.`,
  "timelock.revokeRole": (call) =>
    `takes the timelock's role ${textOf(call, "role")} from ${textOf(call, "account")}: nobody may be left to decide.`,
  "governor.setProposalGuardian": (call) =>
    `makes ${textOf(call, "newProposalGuardian")} the guardian, who can cancel proposals. The present one can cancel this unless it is the only call.`,
  "treasury.grant": (call, facts) => `the treasury pays ${share(call, facts, "amount")}, to ${textOf(call, "to")}.`,
  "treasury.createStream": (call, facts) =>
    `the treasury promises ${share(call, facts, "total")}, to ${textOf(call, "recipient")}.`,
  "treasury.endStream": () => "what the stream has not accrued stays with the treasury.",
  "teeRegistry.revokeWorkload": (call) =>
    `ends the workload ${textOf(call, "workloadId")} and all bindings to it, for good: nodes of its tasks cannot answer.`,
};

/** Calls that governance is for, and that say by themselves what they do. */
const ordinary: ReadonlySet<string> = new Set([
  ...parameters.map(({ contract, setter }) => `${contract}.${setter}`),
  ...["treasury.payStream", "treasury.pullFees", "treasury.pullAwards", "emissions.giveBack"],
]);

const ofFunction: Rule = (call, facts) => {
  const { contract, function: name } = call;
  if (contract === undefined)
    return `${call.target} is no contract of this network: nothing here can say what the call does.`;
  if (name === undefined)
    return `the data is none that the ${contract} is known to take: nothing here can say what it does.`;
  const rule = rules[`${contract}.${name}`];
  if (rule !== undefined) return rule(call, facts);
  return ordinary.has(`${contract}.${name}`)
    ? undefined
    : `governance does not usually call ${name} of the ${contract}.`;
};

const ofValue: Rule = ({ value }) =>
  value === 0n ? undefined : `sends ${formatUnits(value, 18)} ETH of the timelock's.`;

/** What is unusual about a call and the calls within it, a sentence each; none where it only sets a parameter. */
export function warningsOf(call: DecodedCall, facts: WarningFacts): readonly string[] {
  const own = [ofFunction(call, facts), ofValue(call, facts)].flatMap((sentence) => sentence ?? []);
  return [...own, ...call.inner.flatMap((one) => warningsOf(one, facts).map((sentence) => `within it: ${sentence}`))];
}
