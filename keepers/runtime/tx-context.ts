/** What the steps of one pass of the transaction manager share. */
import type { Clock } from "./clock.ts";
import { errorLine, LeaseLostError } from "./errors.ts";
import type { Lease, Leases } from "./lease.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Account } from "./outbox.ts";
import type { Signer } from "./signer.ts";
import type { Store, Tx } from "./store.ts";
import type { TxChain } from "./tx-chain.ts";
import type { ChainView } from "./tx-plan.ts";
import type { RawSender } from "./tx-send.ts";
import type { TxPolicy } from "./tx-types.ts";

export type TransactionsDeps = {
  chainId: number;
  store: Store;
  leases: Leases;
  clock: Clock;
  log: Log;
  signer: Signer;
  chain: TxChain;
  send: RawSender;
  policy: TxPolicy;
  metrics?: Metrics;
};

export type TxPassReport = {
  /** False: another process is this key's writer; nothing was done. */
  isWriter: boolean;
  /** Rows that got a nonce. */
  started: number;
  /** Raw transactions handed to a node, repeats included. */
  broadcast: number;
  replaced: number;
  mined: number;
  reverted: number;
  cancelled: number;
  refused: number;
  /** Outcomes that became final. */
  finalized: number;
  /** Mined transactions that a reorganisation dropped. */
  dropped: number;
  /** Nonces of the key that something else used. */
  foreignNonces: number;
  /** Rows waiting, and sent but not mined, after the pass. */
  queued: number;
  inFlight: number;
  /** One line per row or call that failed in this pass; all are tried again. */
  failures: string[];
};

export type PassContext = {
  deps: TransactionsDeps;
  account: Account;
  lease: Lease;
  view: ChainView;
  report: TxPassReport;
  /** Rows whose newest attempt is to be sent now whatever the timers say; "all" in the first pass of a process. */
  resend: Set<number> | "all";
};

/** A report in which nothing happened yet. */
export const emptyReport = (): TxPassReport => ({
  isWriter: true,
  started: 0,
  broadcast: 0,
  replaced: 0,
  mined: 0,
  reverted: 0,
  cancelled: 0,
  refused: 0,
  finalized: 0,
  dropped: 0,
  foreignNonces: 0,
  queued: 0,
  inFlight: 0,
  failures: [],
});

/** A write transaction that commits only while this process is the key's writer. */
export const write = <T>({ deps, lease }: PassContext, fn: (tx: Tx) => Promise<T>): Promise<T> =>
  deps.store.tx(async (tx) => {
    await lease.guard(tx);
    return fn(tx);
  });

/** Notes a failure of one row and goes on; a lost lease ends the pass. */
export const noteFailure = ({ deps, report }: PassContext, what: string, error: unknown): void => {
  if (error instanceof LeaseLostError) throw error;
  report.failures.push(`${what}: ${errorLine(error)}`);
  deps.log.warn({ what, error: errorLine(error) }, "a transaction step failed and will be tried again");
};
