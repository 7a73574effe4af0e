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

/** One member of the committee is the adversary's, all other nodes are honest. */
export function loneCamps(k: number): CampsOf {
  return (random) => {
    const lone = random.below(k);
    return { seat: (_, level, place) => (level === 0 && place === lone ? "adversary" : "honest"), weight: () => 1 };
  };
}

export type TiltedInput = {
  readonly share: number;
  /** The share with which nodes are drawn at a level, so that rare events become frequent. Default: the true share. */
  readonly drawnShare?: (level: number) => number;
};

/**
 * Each node is the adversary's with probability `share`, independently: a pool too large to notice who was drawn. Under
 * another `drawnShare` the weight makes means over many requests come out as under the true share (importance sampling).
 */
export function tiltedCamps({ share, drawnShare = () => share }: TiltedInput): CampsOf {
  return (random) => {
    let weight = 1;
    const seat = (_: bigint, level: number): Camp => {
      const drawn = drawnShare(level);
      const isAdversary = random.chance(drawn);
      weight *= isAdversary ? share / drawn : (1 - share) / (1 - drawn);
      return isAdversary ? "adversary" : "honest";
    };
    return { seat, weight: () => weight };
  };
}
