/** Pseudo-random choices; the same seed gives the same ones. */
export type Chance = {
  /** 0 up to, but not including, `bound`. */
  below: (bound: number) => number;
  /** True once in `n` times. */
  oneIn: (n: number) => boolean;
  pick: <T>(items: readonly T[]) => T;
  /** Upper-case or lower-case hexadecimal digits of so many bytes. */
  hex: (bytes: number) => string;
  shuffle: <T>(items: readonly T[]) => T[];
};

/** The seed of this run: a whole number below 2^32, printed by the tests that use it. */
export const seed = Number(BigInt(process.env.ATOMA_FUZZ_SEED ?? Date.now()) % 2n ** 32n);

/** Choices by the generator called mulberry32. */
export function makeChance(start: number): Chance {
  let state = start;
  const below = (bound: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return Math.floor((((word ^ (word >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
  const pick = <T>(items: readonly T[]): T => {
    const index = below(items.length);
    if (!(index in items)) throw new Error("nothing to pick from");
    return items[index] as T;
  };
  return {
    below,
    pick,
    oneIn: (n) => below(n) === 0,
    hex: (bytes) => Array.from({ length: 2 * bytes }, () => pick([..."0123456789ABCDEFabcdef"])).join(""),
    shuffle: (items) => {
      const rest = [...items];
      return items.map(() => rest.splice(below(rest.length), 1)).flat();
    },
  };
}
