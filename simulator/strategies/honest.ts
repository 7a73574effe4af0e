import { computed, type Strategy, uniqueDigest } from "./strategy.ts";

/** Computes and attests. With a probability its machine gives another result than all others, and it does not know. */
export function makeHonest(divergence = 0): Strategy {
  return {
    name: divergence === 0 ? "honest" : "diverging",
    play: ({ random }) =>
      divergence > 0 && random.chance(divergence)
        ? { kind: "attest", digest: uniqueDigest(random), isComputed: true }
        : computed,
  };
}
