/** The most that a person pays for a unit of gas, whoever says what it costs. */
import { formatGwei, parseGwei } from "viem";
import { defaultMaxFeeGwei, weiOfGwei } from "../settings.ts";
import { UsageError } from "../commands/usage-error.ts";

/** Wei that are paid at most where nobody says how many. */
export const defaultMaxFee = weiOfGwei(defaultMaxFeeGwei);

export const maxFeeSentence = "It must be gwei, such as 20 or 0.05, and more than 0.";

/** Wei of a fee in gwei, of at most 9 digits before and after the point; undefined if it is none, or 0. */
export const feeOf = (text: string): bigint | undefined => {
  const wei = /^[0-9]{1,9}(\.[0-9]{1,9})?$/.test(text) ? parseGwei(text) : 0n;
  return wei === 0n ? undefined : wei;
};

/**
 * What is signed at most, in wei: `risenWei`, what the fee in sight may rise to, and no more than `maxWei`. Throws UsageError
 * where the fee in sight is more than that already.
 */
export const mostFeeOf = (feeWei: bigint, risenWei: bigint, maxWei: bigint): bigint => {
  if (feeWei <= maxWei) return risenWei < maxWei ? risenWei : maxWei;
  throw new UsageError(
    `Nothing was sent: the RPC says that a unit of gas costs up to ${formatGwei(feeWei)} gwei, and ${formatGwei(maxWei)} is the most here. If that is the market, wait or give --max-fee.`,
  );
};
