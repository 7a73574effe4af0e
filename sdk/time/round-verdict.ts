import type { RequestFields } from "../words/request.ts";

/** Whether a posted round is good for a request, or the error with which it is refunded. */
export type RoundVerdict = "good" | "ClockLagged" | "RoundTooLate";

/** The fields that the verdict depends on. */
export type RoundFields = Pick<RequestFields, "beaconDelayS" | "beaconTimeoutS">;

/**
 * Judges a request's round of time `roundTimeS`, posted at `postedAtS` (Unix seconds): a posting more than half the beacon
 * delay before the round's own time proves that the chain's clock lags; one after the timeout comes too late.
 */
export function roundVerdict(fields: RoundFields, roundTimeS: bigint, postedAtS: bigint): RoundVerdict {
  if (postedAtS + fields.beaconDelayS / 2n < roundTimeS) return "ClockLagged";
  return postedAtS > roundTimeS + fields.beaconTimeoutS ? "RoundTooLate" : "good";
}

/** The last second in which a request still waits for its round; after it anyone may have the request refunded. */
export function roundTimeoutAt(fields: RoundFields, roundTimeS: bigint): bigint {
  return roundTimeS + fields.beaconTimeoutS;
}
