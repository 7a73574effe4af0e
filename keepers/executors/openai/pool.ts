/** The servers of one model: which of them may be used, and who gets one next. */
import type { Clock } from "../../runtime/clock.ts";
import { backoffMs } from "../../runtime/loop.ts";
import type { BackendError } from "./fault.ts";
import type { Server } from "./ask.ts";

/** A server with what is known of it. */
export type Backend = {
  /** For people: the URL without secrets. */
  readonly name: string;
  readonly server: Server;
  /** Requests that it takes at a time. */
  readonly concurrency: number;
  inFlight: number;
  /** Not used before, Unix milliseconds. */
  asideUntilMs: number;
  /** Failures since it last did well. */
  failures: number;
  /** Until when it need not be checked again, Unix milliseconds. */
  trustedUntilMs: number;
  /** Grows with every reason to check it again. */
  doubts: number;
  /** Of the program that was checked. */
  fingerprint: string | undefined;
  /** Why it is not used; undefined while it is. */
  fault: string | undefined;
  /** The failure that was last taken into account: several requests can share one. */
  lastError: BackendError | undefined;
};

export type Pool = {
  readonly backends: readonly Backend[];
  /** The least loaded server that may be used, as soon as there is one. Who gets it has to give it back. Rejects with the signal's reason. */
  take(excluded: ReadonlySet<Backend>, signal: AbortSignal): Promise<Backend>;
  give(backend: Backend): void;
  /** Draws the consequences of a failure. */
  fail(backend: Backend, error: BackendError): void;
  /** The server did well in a check. */
  trust(backend: Backend, untilMs: number, fingerprint: string | undefined): void;
};

const firstBackoffMs = 500;
const maxBackoffMs = 60_000;

/** A server of which nothing is known. */
export const newBackend = (name: string, server: Server, concurrency: number): Backend => ({
  name,
  server,
  concurrency,
  inFlight: 0,
  asideUntilMs: 0,
  failures: 0,
  trustedUntilMs: 0,
  doubts: 0,
  fingerprint: undefined,
  fault: undefined,
  lastError: undefined,
});

type Waiter = { readonly excluded: ReadonlySet<Backend>; readonly got: (backend: Backend) => void };

/** Makes a pool. `onChange` is told when a server falls out of use or comes back. */
export const makePool = (
  backends: readonly Backend[],
  clock: Clock,
  onChange: (backend: Backend, fault: string | undefined) => void = () => {},
): Pool => {
  const waiting: Waiter[] = [];
  let turn = 0;
  let wake = new AbortController();

  /** The least loaded; among equals the one after that which was last chosen. */
  const choose = (excluded: ReadonlySet<Backend>): Backend | undefined => {
    const nowMs = clock.now();
    const inTurn = backends.map((_, i) => backends[(turn + i) % backends.length]).filter((one) => one !== undefined);
    const free = inTurn.filter(
      (one) => !excluded.has(one) && one.asideUntilMs <= nowMs && one.inFlight < one.concurrency,
    );
    const load = ({ inFlight, concurrency }: Backend): number => inFlight / concurrency;
    return free.reduce<Backend | undefined>(
      (acc, one) => (acc === undefined || load(one) < load(acc) ? one : acc),
      undefined,
    );
  };

  const hand = (backend: Backend, { got }: Waiter): void => {
    backend.inFlight += 1;
    turn = (backends.indexOf(backend) + 1) % backends.length;
    got(backend);
  };

  /** Serves who waits, in the order of their coming, and looks again when the next server may be used. */
  const dispatch = (): void => {
    for (const waiter of [...waiting]) {
      const backend = choose(waiter.excluded);
      if (backend === undefined) continue;
      waiting.splice(waiting.indexOf(waiter), 1);
      hand(backend, waiter);
    }
    wake.abort();
    const nowMs = clock.now();
    const due = backends.map((one) => one.asideUntilMs).filter((atMs) => atMs > nowMs);
    if (waiting.length === 0 || due.length === 0) return;
    const { signal } = (wake = new AbortController());
    void clock.sleep(Math.min(...due) - nowMs, signal).then(() => void (signal.aborted || dispatch()));
  };

  const take: Pool["take"] = (excluded, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = (): void => {
        const at = waiting.indexOf(waiter);
        if (at >= 0) waiting.splice(at, 1);
        if (waiting.length === 0) wake.abort();
        reject(signal.reason);
      };
      const got = (backend: Backend): void => {
        signal.removeEventListener("abort", stop);
        resolve(backend);
      };
      const waiter: Waiter = { excluded, got };
      signal.addEventListener("abort", stop, { once: true });
      waiting.push(waiter);
      dispatch();
    });

  const tell = (backend: Backend, fault: string | undefined): void => {
    const wasFine = backend.fault === undefined;
    backend.fault = fault;
    if (wasFine !== (fault === undefined)) onChange(backend, fault);
  };

  const fail: Pool["fail"] = (backend, error) => {
    const { fault, message, retryAfterMs } = error;
    if (backend.lastError === error) return;
    backend.lastError = error;
    if (fault === "refuses") return; // a requester's doing: no reason to think less of the server
    if (fault !== "busy") {
      backend.trustedUntilMs = 0;
      backend.doubts += 1;
    }
    if (fault === "changed") return;
    backend.failures += 1;
    const failures = retryAfterMs === undefined ? backend.failures : 1; // it says itself how long
    const ownMs = backoffMs(firstBackoffMs, failures, maxBackoffMs, clock.random());
    const pauseMs = Math.max(retryAfterMs ?? 0, ownMs);
    backend.asideUntilMs = clock.now() + pauseMs;
    if (fault !== "busy") tell(backend, message);
  };

  return {
    backends,
    take,
    give: (backend) => {
      backend.inFlight -= 1;
      dispatch();
    },
    fail,
    trust: (backend, untilMs, fingerprint) => {
      backend.trustedUntilMs = untilMs;
      backend.fingerprint = fingerprint;
      backend.failures = 0;
      tell(backend, undefined);
    },
  };
};
