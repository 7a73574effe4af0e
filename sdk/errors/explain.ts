import { decodeErrorResult, type Hex, toFunctionSelector } from "viem";
import { type AbiError, protocolErrors } from "./abi.ts";
import { collateralSentences } from "./collateral-sentences.ts";
import { consumerSentences } from "./consumer-sentences.ts";
import { disputeSentences } from "./dispute-sentences.ts";
import { escrowSentences } from "./escrow-sentences.ts";
import { governanceSentences } from "./governance-sentences.ts";
import { librarySentences } from "./library-sentences.ts";
import { registrySentences } from "./registry-sentences.ts";
import { revertDataOf } from "./revert-data.ts";
import { teeSentences } from "./tee-sentences.ts";

/** A contract's error: its name, its arguments by name, and a sentence that says what to do. */
export type ContractError = {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly sentence: string;
};

/** Sentences by the name of the error. */
export const errorSentences: Readonly<Record<string, string>> = {
  ...escrowSentences,
  ...registrySentences,
  ...disputeSentences,
  ...teeSentences,
  ...collateralSentences,
  ...consumerSentences,
  ...governanceSentences,
  ...librarySentences,
};

const namesBySelector: ReadonlyMap<string, string> = new Map(
  protocolErrors.map((error) => [selectorOf(error), error.name]),
);

/** What a contract's revert data says, or undefined if it is no error of the protocol's contracts. */
export function decodeContractError(data: Hex): ContractError | undefined {
  try {
    const { errorName, args = [], abiItem } = decodeErrorResult({ abi: protocolErrors, data });
    const named =
      abiItem.type === "error" ? abiItem.inputs.map(({ name }, i) => [name ?? `${i}`, args[i]] as const) : [];
    const values = Object.fromEntries(named);
    return { name: errorName, args: values, sentence: fill(errorSentences[errorName] ?? `${errorName}.`, values) };
  } catch {
    return undefined; // no data, or of a contract that is not of the protocol
  }
}

/** A sentence that says what went wrong and what to do, for whatever an action or a call threw. */
export function explainError(error: unknown): string {
  const data = revertDataOf(error);
  const explained = data === undefined ? undefined : decodeContractError(data);
  if (explained !== undefined) return explained.sentence;
  if (error instanceof Error) return "shortMessage" in error ? String(error.shortMessage) : error.message;
  return String(error);
}

/** The sentence of a `bytes4 reason` in SettlementSkipped, Refunded, NothingSettled or SettlementRefused. */
export function explainReason(reason: Hex): string {
  const name = nameOfReason(reason);
  return name === undefined ? `The reason ${reason} is not known to this version.` : (errorSentences[name] ?? name);
}

/** The name of the error whose selector a `bytes4 reason` is, or undefined. */
export function nameOfReason(reason: Hex): string | undefined {
  return namesBySelector.get(reason.toLowerCase());
}

function selectorOf({ name, inputs }: AbiError): Hex {
  return toFunctionSelector({ type: "function", name, inputs, outputs: [], stateMutability: "view" });
}

function fill(sentence: string, args: Readonly<Record<string, unknown>>): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = args[name];
    if (value === undefined) return placeholder;
    return name === "reason" ? explainReason(value as Hex) : String(value);
  });
}
