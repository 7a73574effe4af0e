import type { TermsFields } from "../words/request.ts";
import { basisPoints } from "./lock.ts";

/** The highest reputation; a new node starts at 0. */
export const maxReputation = 65_535n;

/** After attesting and being paid: r + ((65535 - r) >> 7). */
export function reputationRewarded(reputation: bigint): bigint {
  return reputation + ((maxReputation - reputation) >> 7n);
}

/** After being absent from a settlement: r - (r >> 6). */
export function reputationMissed(reputation: bigint): bigint {
  return reputation - (reputation >> 6n);
}

/** After a proven no-show: r - (r >> 3). */
export function reputationNoShow(reputation: bigint): bigint {
  return reputation - (reputation >> 3n);
}

/** Units of the payment token in a millionth of it; a token of fewer than 6 decimals counts its own units. */
export function microUnits(tokenDecimals: bigint): bigint {
  return tokenDecimals > 6n ? 10n ** (tokenDecimals - 6n) : 1n;
}

/**
 * The least pay, in units of the payment token, that raises a member's reputation: its protocol fee reaches the floor.
 * Undefined if none does, because there is no fee.
 */
export function leastScoredPay(
  { reputationFloor, protocolFeeBps }: Pick<TermsFields, "reputationFloor" | "protocolFeeBps">,
  tokenDecimals: bigint,
): bigint | undefined {
  const floor = reputationFloor * microUnits(tokenDecimals);
  if (floor === 0n) return 0n;
  return protocolFeeBps === 0n ? undefined : (floor * basisPoints + protocolFeeBps - 1n) / protocolFeeBps;
}
