import { randomInt } from "node:crypto";
import { type Hex, toHex } from "viem";

/** Random values of a seed: the same seed gives the same values. */
export type Random = ReturnType<typeof makeRandom>;

/** Values from a seed (mulberry32). Sizes at their bounds come often: each is drawn from the edges one time in four. */
export function makeRandom(seed: number) {
  let state = seed >>> 0;
  const uint32 = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  /** An integer below `limit` (at most 2^32). */
  const below = (limit: number) => uint32() % limit;
  const plainBits = (bits: number) => {
    let value = 0n;
    for (let i = 0; i < bits; i += 32) value = (value << 32n) | BigInt(uint32());
    return BigInt.asUintN(bits, value);
  };
  /** An unsigned integer of at most `bits` bits; often 0, 1, the greatest, or one of few bits. */
  const bits = (width: number) => {
    const max = (1n << BigInt(width)) - 1n;
    const edges = [0n, 1n, max, max - 1n, 1n << BigInt(width - 1), plainBits(below(width) + 1)];
    return below(4) === 0 ? (edges[below(edges.length)] ?? 0n) : plainBits(width);
  };
  /** An integer within both bounds; often one of them. */
  const within = (least: bigint, most: bigint) => {
    const span = most - least + 1n;
    if (below(4) === 0) return below(2) === 0 ? least : most;
    return least + (plainBits(span.toString(2).length + 32) % span);
  };
  const bytes = (length: number): Hex => (length === 0 ? "0x" : toHex(plainBits(8 * length), { size: length }));
  const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T;
  return { below, bits, bool: () => below(2) === 1, bytes, pick, within };
}

/** A generator of ATOMA_FUZZ_SEED, or of a fresh seed; prints it, so that a failure can be repeated. */
export function makeFuzz(title: string): Random {
  const seed = Number(process.env["ATOMA_FUZZ_SEED"] ?? randomInt(2 ** 32));
  console.log(`      ${title}: ATOMA_FUZZ_SEED=${seed}`);
  return makeRandom(seed);
}
