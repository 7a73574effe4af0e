import type { RequestFields } from "../../sdk/words/request.ts";

/** What the escrow keeps beside a callback. */
const overhead = 12_000n;

/** What must be left so that a call can be given so much: it gets at most 63 of 64 parts (EIP-150). Rounded up. */
const beforeCall = (gas: bigint): bigint => (gas * 64n + 62n) / 63n;

/**
 * Gas that a settlement's callback may take on chain, whatever it took in a simulation: a consumer can be cheap there. It
 * comes on top of the estimate, because a batch with too little for one callback reverts as a whole. The outer call is the
 * escrow's own, into its extension.
 */
export const callbackReserve = ({ callbackGas }: Pick<RequestFields, "callbackGas">): bigint =>
  callbackGas === 0n ? 0n : beforeCall(beforeCall(callbackGas) + overhead);

/** The same for `settle`, which calls back only where no challenge window comes first. */
export const settleReserve = (fields: Pick<RequestFields, "callbackGas" | "challengeWindowS">): bigint =>
  fields.challengeWindowS === 0n ? callbackReserve(fields) : 0n;
