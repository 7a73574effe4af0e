/**
 * Leases: named rights that one owner holds at a time, for one writer per key and for passes that never overlap. They
 * live in the store and expire by time, so a killed holder blocks nobody for longer than its time to live. Each
 * acquisition gets a higher token; a write that calls `guard` inside its transaction cannot commit after a takeover,
 * however late the process wakes up.
 */
import type { Clock } from "./clock.ts";
import { LeaseLostError } from "./errors.ts";
import { numberOf, type Store, type Tx } from "./store.ts";

export type Lease = {
  name: string;
  /** Rises with every acquisition of this name. */
  token: number;
  /** Inside a write transaction: extends the lease, or throws LeaseLostError so that the transaction rolls back. */
  guard(tx: Tx): Promise<void>;
  /** `guard` in a transaction of its own. */
  renew(): Promise<void>;
  /** Ends the lease at once. Does nothing if it was lost. */
  release(): Promise<void>;
};

export type Leases = {
  /** The lease for `ttlMs` milliseconds, or undefined while anyone (this process included) holds it. */
  acquire(name: string, ttlMs: number): Promise<Lease | undefined>;
};

export type LeasesDeps = {
  store: Store;
  clock: Clock;
  /** Unique per process start; never reused. */
  owner: string;
};

const take = async (tx: Tx, name: string, owner: string, nowMs: number, ttlMs: number): Promise<number | undefined> => {
  const rows = await tx.all(
    "INSERT INTO leases (name, owner, token, expires_ms) VALUES (?, ?, 1, ?) ON CONFLICT (name) DO UPDATE SET " +
      "owner = excluded.owner, token = leases.token + 1, expires_ms = excluded.expires_ms " +
      "WHERE leases.expires_ms <= ? RETURNING token",
    [name, owner, nowMs + ttlMs, nowMs],
  );
  return rows[0] === undefined ? undefined : numberOf(rows[0], "token");
};

/** Leases of one owner in one store. */
export const makeLeases = ({ store, clock, owner }: LeasesDeps): Leases => ({
  acquire: async (name, ttlMs) => {
    const token = await store.tx((tx) => take(tx, name, owner, clock.now(), ttlMs));
    if (token === undefined) return undefined;
    const extend = (tx: Tx, untilMs: number): Promise<number> =>
      tx.run("UPDATE leases SET expires_ms = ? WHERE name = ? AND owner = ? AND token = ?", [
        untilMs,
        name,
        owner,
        token,
      ]);
    const guard = async (tx: Tx): Promise<void> => {
      if ((await extend(tx, clock.now() + ttlMs)) === 0) throw new LeaseLostError(name);
    };
    return {
      name,
      token,
      guard,
      renew: () => store.tx(guard),
      release: async () => void (await store.tx((tx) => extend(tx, 0))),
    };
  },
});

/**
 * Runs `fn` while holding the lease and renewing it at a third of its time to live; `signal` aborts when the lease is
 * lost. Returns undefined, without running `fn`, while another holds it.
 */
export const withLease = async <T>(
  deps: { leases: Leases; clock: Clock },
  { name, ttlMs }: { name: string; ttlMs: number },
  fn: (lease: Lease, signal: AbortSignal) => Promise<T>,
): Promise<{ value: T } | undefined> => {
  const lease = await deps.leases.acquire(name, ttlMs);
  if (lease === undefined) return undefined;
  const done = new AbortController();
  const lost = new AbortController();
  const heartbeat = async (): Promise<void> => {
    while (!done.signal.aborted) {
      await deps.clock.sleep(ttlMs / 3, done.signal);
      if (done.signal.aborted) return;
      await lease.renew().catch((error: unknown) => {
        if (error instanceof LeaseLostError) {
          lost.abort(error);
          done.abort();
        }
      });
    }
  };
  const beating = heartbeat();
  try {
    return { value: await fn(lease, lost.signal) };
  } finally {
    done.abort();
    await beating;
    await lease.release();
  }
};
