/** A G2 point (x1, x0, y1, y0) with x = x0 + x1 * i: the order of EIP-197 and of the beacon contract. */
export type DrandPublicKey = readonly [x1: bigint, x0: bigint, y1: bigint, y0: bigint];

/** A G1 point other than infinity. */
export type CurvePoint = { readonly x: bigint; readonly y: bigint };

/** When rounds are published: round r at `genesisS + (r - 1) * periodS`, Unix seconds. Both at least 1. */
export type DrandSchedule = { readonly genesisS: bigint; readonly periodS: bigint };

/** What a beacon contract is deployed with. */
export type DrandNetwork = DrandSchedule & { readonly publicKey: DrandPublicKey };

/** Rounds are uint64, from 1. */
export const maxRound = 2n ** 64n - 1n;

/** Throws a RangeError unless `round` is a number of a round. */
export function assertRound(round: bigint): void {
  if (round < 1n || round > maxRound) throw new RangeError(`Round ${round} is not within 1..${maxRound}.`);
}
