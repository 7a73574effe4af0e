import { type RoundFields, roundTimeoutAt, roundVerdict } from "../../sdk/time/round-verdict.ts";

/**
 * Whether a panel's round draws none: posted too early or too late, or not by its timeout.
 *
 * @param roundTimeS the round's own time; all times in Unix seconds
 * @param postedAtS undefined while it is not posted
 */
export const isVoidRound = (
  fields: RoundFields,
  { roundTimeS, postedAtS, nowS }: { roundTimeS: bigint; postedAtS: bigint | undefined; nowS: bigint },
): boolean =>
  postedAtS === undefined
    ? nowS > roundTimeoutAt(fields, roundTimeS)
    : roundVerdict(fields, roundTimeS, postedAtS) !== "good";
