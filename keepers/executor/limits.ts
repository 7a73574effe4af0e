/** Under which bounds a request is executed. All nodes must use the same, or honest outputs would differ. */
import { flagBundle, hasFlag } from "../../sdk/words/flags.ts";
import type { RequestFields } from "../../sdk/words/request.ts";
import type { ExecutionLimits } from "../executors/executor.ts";
import { wireBounds } from "../network/messages.ts";

const mebibyte = 1024 * 1024;
/** The most that executors take. */
const mostFuel = 2n ** 62n;

/** Bounds of every WebAssembly task, beside those that the request and the task name. */
export const wasmBounds = {
  memoryBytes: 256 * mebibyte,
  callDepth: 1_024,
} as const;

/** Longest outputs of all items of a bundle together, each of which has an equal share: what a node keeps for a bundle. */
const bundleOutputBytes = 64 * mebibyte;

/** Items of a bundle that a node takes on; a larger one stays unanswered and is refunded. */
export const maxItems = 4_096n;

/**
 * Fuel of one item: units * unitSize, in a bundle floor(units / items) * unitSize; at most 2^62. Undefined where nothing
 * can be computed for it.
 */
export const fuelOf = ({ units, items, flags }: Pick<RequestFields, "units" | "items" | "flags">, unitSize: bigint) => {
  const isBundle = hasFlag(flags, flagBundle);
  if (isBundle && (items < 1n || items > maxItems)) return undefined;
  const fuel = (isBundle ? units / items : units) * unitSize;
  if (fuel < 1n) return undefined;
  return fuel < mostFuel ? fuel : mostFuel;
};

type Bounded = Pick<RequestFields, "flags" | "items" | "maxOutputBytes">;

/** Longest output of one item at all. A share of the largest bundle is as long as any output that goes on chain whole. */
const hardOutputBytesOf = ({ flags, items, maxOutputBytes }: Bounded): number => {
  const share = hasFlag(flags, flagBundle) ? Math.floor(bundleOutputBytes / Number(items)) : wireBounds.longOutput;
  return Math.max(Number(maxOutputBytes), Math.min(share, wireBounds.longOutput));
};

/** The bounds of one item, to be computed within `timeoutMs`. */
export const limitsOf = (fields: Bounded, fuel: bigint, timeoutMs: number): ExecutionLimits => ({
  ...wasmBounds,
  fuel,
  maxOutputBytes: Number(fields.maxOutputBytes),
  hardOutputBytes: hardOutputBytesOf(fields),
  timeoutMs: Math.max(1, Math.min(timeoutMs, 2 ** 31 - 1)),
});
