/** Turns the return data of a reverted call into one sentence, using the custom errors of the given ABIs. Never throws. */
import { type Abi, decodeErrorResult, type Hex } from "viem";
import { RpcError } from "./errors.ts";

const panics: Readonly<Record<string, string>> = {
  "1": "an assertion failed",
  "17": "arithmetic overflowed",
  "18": "division by zero",
  "33": "a value is out of its enumeration's range",
  "49": "pop from an empty array",
  "50": "an index is out of bounds",
  "65": "too much memory was allocated",
  "81": "an uninitialised function was called",
};

const builtIn: Abi = [
  { type: "error", name: "Error", inputs: [{ type: "string", name: "message" }] },
  { type: "error", name: "Panic", inputs: [{ type: "uint256", name: "code" }] },
];

const words = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase();

const show = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? item.toString() : item))
    : String(value);

const sentence = (abi: Abi, data: Hex): string => {
  const { errorName, args = [], abiItem } = decodeErrorResult({ abi, data });
  const values = args as readonly unknown[];
  if (errorName === "Error") return `reverted: ${String(values[0])}`;
  if (errorName === "Panic") return `reverted: ${panics[String(values[0])] ?? `panic ${String(values[0])}`}`;
  const inputs = abiItem.type === "error" ? abiItem.inputs : [];
  const named = values.map((value, i) => `${inputs[i]?.name || `#${i}`} = ${show(value)}`).join(", ");
  return `${errorName}: ${words(errorName)}${named === "" ? "" : ` (${named})`}`;
};

/**
 * One sentence for revert `data`, such as "SlotBusy: slot busy (slot = 4)". ABIs are tried in order.
 * Unknown selectors are shown as they are; empty data is "reverted without a reason". At most 400 characters.
 */
export const describeRevert = (data: Hex | undefined, abis: readonly Abi[] = []): string => {
  if (data === undefined || data === "0x") return "reverted without a reason";
  for (const abi of [...abis, builtIn]) {
    try {
      return sentence(abi, data).slice(0, 400);
    } catch {
      continue; // not an error of this ABI
    }
  }
  return `reverted with unknown error ${data.slice(0, 10)}`;
};

/** Whether a call failed in the contract, and not at the node. */
export const isRevert = (error: unknown): error is RpcError =>
  error instanceof RpcError &&
  error.kind === "answer" &&
  !/insufficient (funds|balance)|enough funds/i.test(error.message) &&
  (error.code === 3 ||
    error.data !== undefined ||
    /revert|invalid opcode|out of gas|gas required exceeds/i.test(error.message));
