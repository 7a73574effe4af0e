/** What calls would do and cost, one after the other, without being sent. */
import type { Address, Hex } from "viem";
import { CallError } from "../../sdk/errors/call-error.ts";
import type { Call } from "../../sdk/client/send.ts";
import type { Session } from "./session.ts";

/** `gas` is undefined where a call cannot be simulated before the one in front of it is mined. */
export type Estimate = { readonly call: Call; readonly gas: bigint | undefined };

/** A call that is refused when simulated on its own, by an RPC that cannot simulate calls in a row, may need the ones before it. */
const separately = async ({ context }: Session, from: Address, calls: readonly Call[]): Promise<Estimate[]> => {
  const estimates: Estimate[] = [];
  for (const [i, call] of calls.entries()) {
    const { to, data } = call;
    const gas = await context.publicClient.estimateGas({ account: from, to, data }).catch((cause: unknown) => {
      if (i === 0) throw new CallError(call.action, cause);
      return undefined;
    });
    estimates.push({ call, gas });
  }
  return estimates;
};

/** Of a call without an ABI. */
type Result = { status: "success" | "failure"; data?: Hex; error?: Error; gasUsed: bigint };

const inARow = async ({ context }: Session, from: Address, calls: readonly Call[]): Promise<Estimate[] | undefined> => {
  const sent = calls.map(({ to, data }) => ({ account: from, to, data }));
  const blocks = await context.publicClient.simulateBlocks({ blocks: [{ calls: sent }] }).catch(() => undefined);
  const results = blocks?.[0]?.calls;
  if (results?.length !== calls.length) return undefined; // not offered by this RPC
  return calls.map((call, i) => {
    const { status, data, error, gasUsed } = results[i] as Result;
    if (status !== "success") throw new CallError(call.action, (data?.length ?? 0) >= 10 ? { data } : error);
    return { call, gas: gasUsed };
  });
};

/** Simulates the calls in a row. Throws CallError for the first that the chain would refuse. */
export const estimate = async (session: Session, from: Address, calls: readonly Call[]): Promise<Estimate[]> =>
  (calls.length > 1 ? await inARow(session, from, calls) : undefined) ?? separately(session, from, calls);

/** Wei that gas costs at most now. */
export const gasCost = async ({ context }: Session, gas: bigint): Promise<bigint> => {
  const { maxFeePerGas } = await context.publicClient.estimateFeesPerGas();
  return gas * maxFeePerGas;
};
