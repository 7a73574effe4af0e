/** Token buckets by key, bounded in number: the least recently used key is forgotten first. */
import type { Clock } from "../runtime/clock.ts";

export type RateLimit = {
  /** Takes one token of the key; false where none is left. */
  take(key: string): boolean;
};

export type RateLimitOptions = {
  /** Tokens that come back per second. */
  readonly perSecond: number;
  /** Tokens of a fresh or rested key. */
  readonly burst: number;
  readonly maxKeys?: number;
};

/** Lets everything through. */
export const unlimited: RateLimit = { take: () => true };

/** A limit per key. A forgotten key starts afresh, so `maxKeys` bounds memory and not the rate of all keys together. */
export const makeRateLimit = (
  clock: Pick<Clock, "now">,
  { perSecond, burst, maxKeys = 10_000 }: RateLimitOptions,
): RateLimit => {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take: (key) => {
      const nowMs = clock.now();
      const bucket = buckets.get(key) ?? { tokens: burst, atMs: nowMs };
      const elapsedS = Math.max(0, nowMs - bucket.atMs) / 1_000;
      const tokens = Math.min(burst, bucket.tokens + elapsedS * perSecond);
      const isAllowed = tokens >= 1;
      buckets.delete(key); // to the end of the order
      buckets.set(key, { tokens: isAllowed ? tokens - 1 : tokens, atMs: nowMs });
      const oldest = buckets.size > maxKeys ? buckets.keys().next().value : undefined;
      if (oldest !== undefined) buckets.delete(oldest);
      return isAllowed;
    },
  };
};
