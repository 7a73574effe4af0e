/** Finds the settlements in a call of the escrow, without decoding them. */
import { type Address, bytesToHex, toFunctionSelector } from "viem";
import { getAbiItem } from "viem/utils";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { argumentAt, arrayAt, bytesAt, placeAt, selectorOf, wordBytes } from "./calldata.ts";

/** A settlement where it lies; it may reach beyond the data. */
export type Shown = { readonly data: Uint8Array; readonly at: number; readonly settler: Address };

/** A settlement's own words: the request's, the head, and the offsets of proof and output. */
const settlementWords = 8;
const addressBytes = 20;
/** On chain each item and each inner call costs thousands of gas: no transaction shows so many. */
const maxSteps = 100_000;

const numberOf = (name: "settle" | "settleRevealed" | "finalize" | "retryCallback" | "multicall"): number =>
  Number(toFunctionSelector(getAbiItem({ abi: requestEscrowAbi, name })));
const selectors = {
  settle: numberOf("settle"),
  settleRevealed: numberOf("settleRevealed"),
  finalize: numberOf("finalize"),
  retryCallback: numberOf("retryCallback"),
  multicall: numberOf("multicall"),
} as const;

type Steps = { left: number };

function* alone(data: Uint8Array, settler: Address): Generator<Shown> {
  const at = placeAt(data, argumentAt(0), argumentAt(0));
  if (at !== undefined) yield { data, at, settler };
}

function* listed(data: Uint8Array, settler: Address, steps: Steps): Generator<Shown> {
  const { base, count } = arrayAt(data, argumentAt(0), argumentAt(0));
  for (let i = 0; i < count && steps.left-- > 0; i++) {
    const at = placeAt(data, base + i * wordBytes, base);
    if (at !== undefined) yield { data, at, settler };
  }
}

function* innerCalls(data: Uint8Array, steps: Steps): Generator<Uint8Array> {
  const { base, count } = arrayAt(data, argumentAt(0), argumentAt(0));
  for (let i = 0; i < count && steps.left-- > 0; i++) {
    const call = bytesAt(data, base + i * wordBytes, base);
    if (call !== undefined) yield call;
  }
}

const settlerIn = (data: Uint8Array): Address =>
  bytesToHex(data.subarray(argumentAt(1) + wordBytes - addressBytes, argumentAt(2)));

/** All settlements in a call of the escrow by `from`, also inside `multicall` however deep, in the order of the calls. */
export function* shownIn(data: Uint8Array, from: Address): Generator<Shown> {
  const steps = { left: maxSteps };
  const calls = [data]; // still to be looked at, the next one last
  for (let call = calls.pop(); call !== undefined; call = calls.pop()) {
    const selector = selectorOf(call);
    if (selector === selectors.multicall)
      for (const inner of [...innerCalls(call, steps)].toReversed()) calls.push(inner);
    if (selector === selectors.settle) yield* listed(call, from, steps);
    if (selector === selectors.settleRevealed || selector === selectors.retryCallback) yield* alone(call, from);
    if (selector === selectors.finalize) yield* alone(call, settlerIn(call));
  }
}

/** Whether the settlement begins with these bytes: the request's words and the head. */
export const beginsWith = ({ data, at }: Shown, words: Uint8Array): boolean => {
  if (at < 0 || at + settlementWords * wordBytes > data.length) return false;
  return words.every((byte, i) => data[at + i] === byte);
};

/** The output of a settlement; undefined where it is not whole. */
export const outputOf = ({ data, at }: Shown): Uint8Array | undefined =>
  bytesAt(data, at + (settlementWords - 1) * wordBytes, at);
