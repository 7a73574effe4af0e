import { readFileSync } from "node:fs";
import { sha256 } from "../../../keepers/runtime/sha256.ts";
import type { ExecutionLimits, ExecutionTask } from "../../../keepers/executors/executor.ts";

/** A compiled guest program of the build. */
export function guest(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../../build/guests/${name}.wasm`, import.meta.url)));
}

export function taskOf(artifact: Uint8Array): ExecutionTask {
  return { artifact, artifactDigest: sha256(artifact) };
}

export function ascii(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** Limits for small programs; `overrides` replace single ones. */
export function limitsOf(overrides: Partial<ExecutionLimits> = {}): ExecutionLimits {
  const sizes = { memoryBytes: 16 * 2 ** 20, maxOutputBytes: 1_024, hardOutputBytes: 65_536 };
  return { fuel: 5_000_000_000n, ...sizes, callDepth: 1_024, timeoutMs: 60_000, ...overrides };
}

/** A reproducible generator of numbers in 0..2^32-1 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
