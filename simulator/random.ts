/** Random values of one stream: the same seed and stream give the same values. */
export type Random = {
  /** Uniform in [0, 1). */
  readonly unit: () => number;
  /** True with a probability. */
  readonly chance: (probability: number) => boolean;
  /** An integer in [0, limit), limit at most 2^32. */
  readonly below: (limit: number) => number;
  /** A number of 32 * words bits. */
  readonly words: (words: number) => bigint;
};

/** Values of a stream of a seed (sfc32, 128 bits of state, mixed before the first value). */
export function makeRandom(seed: number, ...stream: readonly number[]): Random {
  const uint32 = makeSfc32(seed, stream[0] ?? 0, stream[1] ?? 0);
  const unit = (): number => uint32() / 0x1_0000_0000;
  return {
    unit,
    chance: (probability) => unit() < probability,
    below: (limit) => Math.floor(unit() * limit),
    words: (words) => Array.from({ length: words }, uint32).reduce((all, word) => (all << 32n) | BigInt(word), 0n),
  };
}

function makeSfc32(...seeds: [number, number, number]): () => number {
  let [a, b, c] = seeds.map((one) => one | 0) as [number, number, number];
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i++) next(); // mixes the seeds
  return next;
}
