/** What calls would do and cost, without being sent. */
import type { Address } from "viem";
import { CallError } from "../../sdk/errors/call-error.ts";
import type { Call } from "../../sdk/client/send.ts";
import type { Session } from "./session.ts";

/** `gas` is undefined where a call cannot be simulated before the one in front of it is mined. */
export type Estimate = { readonly call: Call; readonly gas: bigint | undefined };

/**
 * Simulates each call on the chain as it is. One that is refused although others come before it may need those first; it is
 * simulated again when its turn comes. Throws CallError where the first would be refused.
 */
export const estimate = async (
  { context }: Session,
  from: Address,
  calls: readonly Call[],
): Promise<readonly Estimate[]> => {
  const estimates: Estimate[] = [];
  for (const call of calls) {
    const { to, data } = call;
    const gas = await context.publicClient.estimateGas({ account: from, to, data }).catch((cause: unknown) => {
      if (estimates.length === 0) throw new CallError(call.action, cause);
      return undefined;
    });
    estimates.push({ call, gas });
  }
  return estimates;
};

/** Wei that a unit of gas costs at most now. */
export const feeNow = async ({ context }: Session): Promise<bigint> =>
  (await context.publicClient.estimateFeesPerGas()).maxFeePerGas;
