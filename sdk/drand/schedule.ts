import { assertRound, type DrandSchedule } from "./types.ts";

/** First round published at or after `timestampS` (Unix seconds); 1 for any time up to genesis. Equals `IBeacon.roundAt`. */
export function roundAt({ genesisS, periodS }: DrandSchedule, timestampS: bigint): bigint {
  if (timestampS <= genesisS) return 1n;
  const round = (timestampS - genesisS - 1n) / periodS + 2n; // ceil((timestamp - genesis) / period) + 1
  assertRound(round);
  return round;
}

/** When `round` is published, in Unix seconds. Equals `IBeacon.timeOf`. */
export function timeOf({ genesisS, periodS }: DrandSchedule, round: bigint): bigint {
  assertRound(round);
  return genesisS + (round - 1n) * periodS;
}
