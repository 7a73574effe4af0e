/** Fees of EIP-1559 transactions, pure. */
import type { Fees } from "./tx-types.ts";

export type Market = { baseFeePerGas: bigint; priorityFeePerGas: bigint };

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** One step up, 12.5% rounded up and at least 1 wei: clients refuse a replacement below +10% on either fee. */
export const stepUp = (fee: bigint): bigint => max((fee * 9n + 7n) / 8n, fee + 1n);

/** The highest fee of an ordinary attempt, so that one step up (for a cancellation) stays within `cap`. */
export const sendCap = (cap: bigint): bigint => ((cap - 1n) * 8n) / 9n;

/** Room for the base fee to double, plus the priority fee. */
export const marketFees = ({ baseFeePerGas, priorityFeePerGas }: Market): Fees => ({
  maxFeePerGas: baseFeePerGas * 2n + priorityFeePerGas,
  maxPriorityFeePerGas: priorityFeePerGas,
});

/** Fees of a first attempt, or undefined while the base fee alone is above `cap`: then it is better to wait. */
export const firstFees = (market: Market, cap: bigint): Fees | undefined => {
  if (market.baseFeePerGas > cap) return undefined;
  const { maxFeePerGas, maxPriorityFeePerGas } = marketFees(market);
  const bounded = min(maxFeePerGas, cap);
  return { maxFeePerGas: bounded, maxPriorityFeePerGas: min(maxPriorityFeePerGas, bounded) };
};

/** Fees that replace `last`: both one step up or at the market if that is more; undefined when `cap` does not allow it. */
export const replacementFees = (last: Fees, market: Market, cap: bigint): Fees | undefined => {
  const wanted = marketFees(market);
  const leastMax = stepUp(last.maxFeePerGas);
  const leastPriority = stepUp(last.maxPriorityFeePerGas);
  const maxFeePerGas = min(max(leastMax, wanted.maxFeePerGas), cap);
  if (maxFeePerGas < leastMax || maxFeePerGas < leastPriority) return undefined;
  return { maxFeePerGas, maxPriorityFeePerGas: min(max(leastPriority, wanted.maxPriorityFeePerGas), maxFeePerGas) };
};
