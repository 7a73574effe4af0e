/**
 * One writer at a time in a folder, among all processes of a machine. The lock is SQLite's on an empty file: the system
 * takes it back when its holder dies, however that happens, so no lock is ever stale.
 */
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "./clock.ts";
import { LockError } from "./errors.ts";
import { isBusy } from "./sqlite.ts";

export type Lock = { release(): void };

const pollMs = 200;

/** The lock, or undefined while anyone holds it, this process included. Throws LockError where the file cannot be used. */
export const tryLock = (path: string): Lock | undefined => {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
    const held = database;
    return { release: () => held.close() };
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) return undefined;
    throw new LockError(`${path} cannot be locked`, { cause });
  }
};

export type WaitForLock = {
  readonly clock: Pick<Clock, "sleep">;
  readonly signal: AbortSignal;
  /** Called once where somebody else holds it. */
  readonly onWait?: () => void;
};

/** Waits for the lock. Rejects with the reason of the signal. */
export const waitForLock = async (path: string, { clock, signal, onWait }: WaitForLock): Promise<Lock> => {
  for (let tries = 0; ; tries++) {
    signal.throwIfAborted();
    const lock = tryLock(path);
    if (lock !== undefined) return lock;
    if (tries === 0) onWait?.();
    await clock.sleep(pollMs, signal);
  }
};
