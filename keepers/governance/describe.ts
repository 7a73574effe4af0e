/** A proposal in words: contract, function, arguments, what is in force and what would be, and what is unusual. */
import { formatUnits } from "viem";
import { type Argument, decodeCall, type DecodedCall } from "../../sdk/governance/decode.ts";
import { boundsOf, type Parameter, parameters } from "../../sdk/governance/parameters.ts";
import { callsIn, type Proposal, proposalIdOf, proposerIn } from "../../sdk/governance/proposal.ts";
import { formatValue } from "../../sdk/governance/values.ts";
import { type WarningFacts, warningsOf } from "../../sdk/governance/warnings.ts";
import { dateOf } from "../cli/text.ts";
import type { Governance } from "./contracts.ts";
import type { GovernedSettings } from "./settings.ts";

/** What words are made from. */
export type Known = {
  readonly governance: Governance;
  readonly settings: GovernedSettings;
  readonly available: WarningFacts["available"];
};

const exact = (value: unknown): unknown => (typeof value === "bigint" ? `${value}` : value);

const parameterOf = ({ contract, function: name }: DecodedCall, argument: string): Parameter | undefined =>
  parameters.find((one) => one.contract === contract && one.setter === name && one.argument === argument);

const asNumber = (value: unknown): bigint | undefined =>
  typeof value === "bigint" ? value : typeof value === "number" ? BigInt(value) : undefined;

/** Amounts in whole tokens where the token is known, times as dates, all else as it is. */
const textOf = ({ governance, available }: Known, call: DecodedCall, { name, value }: Argument): string => {
  const token = call.arguments.find((one) => one.name === "token")?.value;
  const known = typeof token === "string" ? available.get(token.toLowerCase()) : undefined;
  const number = asNumber(value);
  if (number === undefined) return String(value);
  if (["amount", "total"].includes(name) && known !== undefined)
    return `${formatUnits(number, known.decimals)} ${known.symbol}`;
  if (name === "amount" && call.contract === "emissions") return `${formatUnits(number, 18)} ATOMA`;
  if (call.contract === "treasury" && ["start", "end"].includes(name)) return dateOf(number);
  if (name === "value" && governance.addresses.timelock === call.target) return `${formatUnits(number, 18)} ETH`;
  return `${number}`;
};

type Line = { readonly name: string; readonly text: string; readonly isSame: boolean };

const lineOf = (known: Known, call: DecodedCall, argument: Argument): Line => {
  const { limits } = known.settings;
  const parameter = parameterOf(call, argument.name);
  const wanted = asNumber(argument.value);
  const current = parameter === undefined ? undefined : limits.values.get(parameter.name);
  if (parameter === undefined || wanted === undefined || current === undefined)
    return { name: argument.name, text: textOf(known, call, argument), isSame: false };
  const show = (value: bigint): string => formatValue(parameter.unit, value, known.governance.payment);
  const { least, most } = boundsOf(parameter, limits);
  const isOut = wanted < least || wanted > most;
  const text = `${show(current)} -> ${show(wanted)}${isOut ? `, outside ${show(least)} to ${show(most)}` : ""}`;
  return { name: parameter.name, text, isSame: current === wanted };
};

const callLines = (known: Known, call: DecodedCall, label: string): readonly string[] => {
  const lines = call.arguments.map((argument) => lineOf(known, call, argument));
  const shown = lines.filter(({ isSame }) => !isSame);
  const same = lines.filter(({ isSame }) => isSame).map(({ name }) => name);
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const head = `${call.function ?? "an unknown function"} of ${call.contract ?? "an unknown contract"} ${call.target}`;
  const inner = call.inner.flatMap((one, i) => callLines(known, one, `${label}.${i + 1}`));
  return [
    `  ${label}. ${head}`,
    ...shown.map(({ name, text }) => `       ${name.padEnd(width)}  ${text}`),
    ...(same.length > 0 ? [`       unchanged: ${same.join(", ")}`] : []),
    ...(call.function === undefined ? [`       data  ${call.data}`] : []),
    ...inner,
  ];
};

const decodeAll = ({ governance }: Known, proposal: Proposal): readonly DecodedCall[] =>
  callsIn(proposal).map((call) => decodeCall(governance.addresses, call));

const allOf = (call: DecodedCall): readonly DecodedCall[] => [call, ...call.inner.flatMap(allOf)];

/** Setters that are called again: each call is shown against what is in force, and the last one counts. */
const repeatedIn = (calls: readonly DecodedCall[]): readonly string[] => {
  const setters = calls
    .flatMap(allOf)
    .filter(({ contract, function: name }) =>
      parameters.some((one) => one.contract === contract && one.setter === name),
    )
    .map(({ contract, function: name }) => `${name} of the ${contract}`);
  const twice = new Set(setters.filter((setter, i) => setters.indexOf(setter) !== i));
  return [...twice].map((setter) => `${setter} is called more than once: only its last call counts.`);
};

/** What is unusual, a sentence each, with the number of the call. `isMade`: the governor knows the proposal already. */
export const warningsIn = (known: Known, proposal: Proposal, isMade: boolean): readonly string[] => {
  const facts = { addresses: known.governance.addresses, available: known.available };
  const calls = decodeAll(known, proposal);
  const ofCalls = calls.flatMap((call, i) => warningsOf(call, facts).map((sentence) => `call ${i + 1}: ${sentence}`));
  const own = [...ofCalls, ...repeatedIn(calls)];
  const isOpen = !isMade && proposerIn(proposal.description) === undefined;
  const open =
    "anyone with enough votes can propose exactly this first, and cancel it. A description that ends with #proposer=ADDRESS keeps it for that account.";
  const notText = "its description is no plain text (UTF-8): what is shown of it is not what was written.";
  return [...own, ...(proposal.descriptionBytes === undefined ? [] : [notText]), ...(isOpen ? [open] : [])];
};

/** The lines that people read. Text of strangers is in them: print them with `visible`, as `Io` does. */
export const proposalLines = (known: Known, proposal: Proposal, isMade: boolean): readonly string[] => [
  `Proposal ${proposalIdOf(proposal)}`,
  ...proposal.description.split("\n").map((line) => `  | ${line}`),
  ...decodeAll(known, proposal).flatMap((call, i) => callLines(known, call, `${i + 1}`)),
  ...warningsIn(known, proposal, isMade).map((sentence) => `  WARNING: ${sentence}`),
];

/** A call for programs. */
const callJson = (known: Known, call: DecodedCall): unknown => ({
  contract: call.contract ?? null,
  target: call.target,
  value: call.value,
  function: call.function ?? null,
  arguments: call.arguments.map((argument) => ({
    name: argument.name,
    type: argument.type,
    value: exact(argument.value),
    text: lineOf(known, call, argument).text,
  })),
  data: call.data,
  inner: call.inner.map((one) => callJson(known, one)),
});

/** The same for programs. */
export const proposalValues = (known: Known, proposal: Proposal, isMade: boolean) => ({
  proposalId: proposalIdOf(proposal),
  description: proposal.description,
  calls: decodeAll(known, proposal).map((call) => callJson(known, call)),
  warnings: warningsIn(known, proposal, isMade),
});
