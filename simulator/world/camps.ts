import type { Random } from "../random.ts";
import type { Pool } from "../exact/hypergeometric.ts";

/** To whose side a node belongs. */
export type Camp = "honest" | "adversary";

/** Says of each node seated in one request which camp it is of, and by how much the request counts. */
export type Camps = {
  readonly seat: (nodeId: bigint, level: number, place: number) => Camp;
  /** The likelihood of what was seated under the true share, over that under the share it was drawn with. */
  readonly weight: () => number;
};

/** Makes the camps of one request. */
export type CampsOf = (random: Random) => Camps;

/** The first `marked` of a pool's nodes are the adversary's, the same in all requests. */
export function fixedCamps({ marked }: Pick<Pool, "marked">): CampsOf {
  const camps: Camps = { seat: (nodeId) => (nodeId <= BigInt(marked) ? "adversary" : "honest"), weight: () => 1 };
  return () => camps;
}

export type PlacedInput = {
  readonly k: number;
  /** The adversary's seats in the committee: one at a random place, or all. */
  readonly seats: "one" | "all";
  /** The adversary's share of those who may be jurors. */
  readonly jurorShare?: number;
};

/** The adversary's seats in the committee are given; its jurors come by chance, or not at all. */
export function placedCamps({ k, seats, jurorShare = 0 }: PlacedInput): CampsOf {
  return (random) => {
    const lone = random.below(k);
    const isAdversary = (level: number, place: number): boolean =>
      level === 0 ? seats === "all" || place === lone : jurorShare > 0 && random.chance(jurorShare);
    return { seat: (_, level, place) => (isAdversary(level, place) ? "adversary" : "honest"), weight: () => 1 };
  };
}

export type TiltedInput = {
  readonly share: number;
  /** Shares with which nodes are drawn at a level; one of these is chosen for each request. Default: the true share. */
  readonly drawnShares?: readonly ((level: number) => number)[];
};

/**
 * Each node is the adversary's with probability `share`, independently: a pool too large to notice who was drawn. Under
 * other `drawnShares` rare events become frequent, and the weight makes means over many requests come out as under the
 * true share (importance sampling from a mixture).
 */
export function tiltedCamps({ share, drawnShares = [() => share] }: TiltedInput): CampsOf {
  return (random) => {
    const chosen = drawnShares[random.below(drawnShares.length)] ?? (() => share);
    const likelihoods = drawnShares.map(() => 1); // of what was seated, under each drawn share over under the true one
    const seat = (_: bigint, level: number): Camp => {
      const isAdversary = random.chance(chosen(level));
      drawnShares.forEach((drawnShare, index) => {
        const drawn = drawnShare(level);
        likelihoods[index] = (likelihoods[index] ?? 1) * (isAdversary ? drawn / share : (1 - drawn) / (1 - share));
      });
      return isAdversary ? "adversary" : "honest";
    };
    return { seat, weight: () => drawnShares.length / likelihoods.reduce((sum, one) => sum + one, 0) };
  };
}
