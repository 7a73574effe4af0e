/** Sequences whose best energies are known from the literature; the numbers are only ever printed in the documentation. */
export const benchmarkSequence = "HPHPPHHPHPPHPHHPPHPH";
/** Asked of the whole pool, of one node, by the consumer that refuses, and of committees with cheats. */
export const otherSequences = {
  wholePool: "HHPPHPHPPHHPHPHH",
  oneNode: "HPPHHPHPPHHPHPPH",
  refused: "PHHPPHHPPHPPHHPH",
  lied: "HPHPHHPPHPHPHHPH",
  equivocated: "HHPHPPHHPPHPHPPH",
  challenged: "HPPHPHHPHPPHHPHH",
  attested: "PHHPHPPHPHHPPHHP",
} as const;

/** Numbers in [0, 1) that a seed determines (Marsaglia's xorshift32). */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** Random chains of H and P, each of `least`..`most` residues. */
export function randomSequences(count: number, seed: number, { least = 12, most = 18 } = {}): string[] {
  const random = makeRandom(seed);
  return Array.from({ length: count }, () => {
    const length = least + Math.floor(random() * (most - least + 1));
    return Array.from({ length }, () => (random() < 0.5 ? "H" : "P")).join("");
  });
}
