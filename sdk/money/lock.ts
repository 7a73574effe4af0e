import type { RequestFields } from "../words/request.ts";

/** 100% of a rate. */
export const basisPoints = 10_000n;

/** The fields that a request's price depends on. */
export type PriceFields = Pick<
  RequestFields,
  "k" | "maxAsk" | "units" | "tip" | "askExponent" | "royaltyBps" | "protocolFeeBps"
>;

/** lock = ceil(k * maxAsk * units * scale * (1 + royalty + fee)) + tip, in units of the payment token. Equals `Payout.lockUp`. */
export function lockUp(fields: PriceFields): bigint {
  const base = fields.k * fields.maxAsk * payPerAsk(fields);
  const rate = basisPoints + fields.royaltyBps + fields.protocolFeeBps;
  return (base * rate + basisPoints - 1n) / basisPoints + fields.tip;
}

/** Price of one unit of ask over all the units of the request, in units of the payment token. Equals `Payout.payPerAsk`. */
export function payPerAsk({ units, askExponent }: Pick<PriceFields, "units" | "askExponent">): bigint {
  return units * 10n ** askExponent;
}

/** A rate in basis points of an amount, floored. Equals `Payout.shareDown`. */
export function shareDown(amount: bigint, rateBps: bigint): bigint {
  return (amount * rateBps) / basisPoints;
}
