/**
 * Chance that repeats: everything minted comes from one seed. Each name opens a stream of its own, so that a change in
 * one part of a world leaves all other parts as they were.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, littleEndian, numberOf, textBytes } from "./bytes.ts";

export type Random = {
  readonly seed: string;
  bytes(length: number): Uint8Array;
  /** Uniform within both bounds, inclusive. */
  integer(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Another stream of the same seed. Asking for one name twice gives two equal streams. */
  fork(name: string): Random;
};

const block = (key: Uint8Array, index: number): Uint8Array => sha256(concat(key, littleEndian(index, 8)));

/** Endless bytes from a key. */
const streamOf = (key: Uint8Array): ((length: number) => Uint8Array) => {
  let [index, held] = [0, new Uint8Array(0)];
  return (length) => {
    while (held.length < length) held = new Uint8Array(concat(held, block(key, index++)));
    const taken = held.slice(0, length);
    held = held.slice(length);
    return taken;
  };
};

export const seededRandom = (seed: string): Random => {
  const bytes = streamOf(sha256(textBytes(seed)));
  const integer = (from: number, to: number): number =>
    from + Number(numberOf(bytes(8)) % BigInt(Math.max(1, to - from + 1)));
  return {
    seed,
    bytes,
    integer,
    chance: (probability) => integer(0, 999_999) < probability * 1_000_000,
    pick: (items) => items[integer(0, items.length - 1)] ?? items[0],
    fork: (name) => seededRandom(`${seed}/${name}`),
  };
};
