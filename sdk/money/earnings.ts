/** The most that a node's word counts, in units of the payment token. */
export const maxEarnings = 2n ** 80n - 1n;

/** Adds earnings up to 2^80 - 1; what does not fit goes to the treasury. */
export function creditEarnings(
  earnings: bigint,
  amount: bigint,
): { readonly earnings: bigint; readonly overflow: bigint } {
  const credited = amount < maxEarnings - earnings ? amount : maxEarnings - earnings;
  return { earnings: earnings + credited, overflow: amount - credited };
}
