import {
  type Abi,
  type AbiParameter,
  type Address,
  decodeFunctionData,
  getAbiItem,
  type Hex,
  toFunctionSelector,
} from "viem";
import { abiOf, type GovernedAddresses, type GovernedName, nameAt } from "./contracts.ts";
import type { ProposalCall } from "./proposal.ts";

/** An argument; fields of a struct stand for themselves. */
export type Argument = { readonly name: string; readonly type: string; readonly value: unknown };

/**
 * A call in words. `contract` and `function` are undefined where nobody here knows them. `inner` are calls that this one
 * makes in turn.
 */
export type DecodedCall = ProposalCall & {
  readonly contract: GovernedName | undefined;
  readonly function: string | undefined;
  readonly arguments: readonly Argument[];
  readonly inner: readonly DecodedCall[];
};

const mostDepth = 4;

function flatten(parameter: AbiParameter, value: unknown): readonly Argument[] {
  if (!("components" in parameter) || parameter.type !== "tuple" || typeof value !== "object" || value === null)
    return [{ name: parameter.name ?? "", type: parameter.type, value }];
  const fields = value as Readonly<Record<string, unknown>>;
  return parameter.components.flatMap((part) => flatten(part, fields[part.name ?? ""]));
}

type Known = { readonly name: string; readonly arguments: readonly Argument[] };

/** Undefined for a function that the interface lacks, and for data that is not exactly what the function takes. */
function decodeKnown(abi: Abi, data: Hex): Known | undefined {
  try {
    const { functionName, args = [] } = decodeFunctionData({ abi, data });
    const items = abi.filter((one) => one.type === "function" && one.name === functionName);
    const item = items.find((one) => one.type === "function" && data.startsWith(toFunctionSelector(one)));
    const found = item ?? getAbiItem({ abi, name: functionName, args });
    const inputs = found?.type === "function" ? found.inputs : [];
    return { name: functionName, arguments: inputs.flatMap((input, i) => flatten(input, args[i])) };
  } catch {
    return undefined;
  }
}

/** What a call makes others do: batches, and calls through the governor, the timelock or the access manager. */
function innerOf({ target }: ProposalCall, { name, arguments: all }: Known): readonly ProposalCall[] {
  const of = (wanted: string): unknown => all.find((one) => one.name === wanted)?.value;
  if (name === "multicall") {
    const [datas] = all;
    return Array.isArray(datas?.value) ? (datas.value as Hex[]).map((data) => ({ target, value: 0n, data })) : [];
  }
  const to = of("target");
  const data = of("data") ?? of("payload");
  const value = of("value") ?? 0n;
  const isOne = ["relay", "execute", "schedule"].includes(name) && typeof to === "string" && typeof data === "string";
  if (isOne) return [{ target: to as Address, value: typeof value === "bigint" ? value : 0n, data: data as Hex }];
  const [targets, values, datas] = [of("targets"), of("values"), of("payloads") ?? of("calldatas")];
  if (!Array.isArray(targets) || !Array.isArray(values) || !Array.isArray(datas)) return [];
  const [tos, amounts, payloads] = [targets as Address[], values as bigint[], datas as Hex[]];
  return tos.map((one, i) => ({ target: one, value: amounts[i] ?? 0n, data: payloads[i] ?? "0x" }));
}

/** A call of a proposal in words, and all calls within it. Whatever cannot be read stays bytes; it never throws. */
export function decodeCall(addresses: GovernedAddresses, call: ProposalCall, depth = 0): DecodedCall {
  const contract = nameAt(addresses, call.target);
  const known = contract === undefined ? undefined : decodeKnown(abiOf(contract), call.data);
  const inner = known === undefined || depth === mostDepth ? [] : innerOf(call, known);
  return {
    ...call,
    contract,
    function: known?.name,
    arguments: known?.arguments ?? [],
    inner: inner.map((one) => decodeCall(addresses, one, depth + 1)),
  };
}
