/**
 * The outbox: jobs say what shall happen on chain, the manager makes it happen once.
 *
 * Guarantees, for as long as the store survives: an intent that `submit` returned for is not lost; of one key
 * (chain, contract, subject, action) at most one transaction takes effect per generation, whenever the process is
 * killed, because a nonce is fixed before signing, a signed transaction is stored before it is sent, and every later
 * attempt uses the same nonce until the chain shows, `confirmations` deep, that something else used it. One writer per
 * key, by lease. What a reorganisation takes out of its block is in flight again by itself, and what it moves is judged
 * by its new block, however deep it was.
 * Not guaranteed: order between intents, and anything about transactions that others send with the same key.
 */
import type { Address } from "viem";
import { LeaseLostError } from "./errors.ts";
import type { Lease } from "./lease.ts";
import { attemptsOf, countRows, findRow, insertRow, loadRow, rewriteRow } from "./outbox.ts";
import { pruneRows, requestCancel } from "./outbox-changes.ts";
import type { Store, Tx } from "./store.ts";
import { maintainRows, startRows } from "./tx-advance.ts";
import { emptyReport, type PassContext, type TransactionsDeps, type TxPassReport } from "./tx-context.ts";
import { followRows, recheckFinal, reconcileNonces } from "./tx-inclusion.ts";
import { makeTxMetrics } from "./tx-metrics.ts";
import type { Intent, IntentKey, OutboxRow, TxStatus } from "./tx-types.ts";

export type SubmitOptions = {
  /** Start a key anew whose outcome is final and was refused, reverted or cancelled. Without it, such a key stays as it is. */
  again?: boolean;
  /** Write in the caller's transaction, so that the intent commits together with the caller's own rows. */
  tx?: Tx;
};

export type Transactions = {
  /** The key's own address. */
  address: Address;
  /**
   * Puts the intent into the outbox and returns its row id; sends nothing. For a known key: takes over the new content
   * while it has no nonce, else changes nothing. Safe to call in every pass.
   */
  submit(intent: Intent, options?: SubmitOptions): Promise<number>;
  /** Stops what is not mined yet. Sent ones are replaced by a self-send in later passes, and may be mined all the same. */
  cancel(id: number, reason: string): Promise<void>;
  status(id: number): Promise<TxStatus | undefined>;
  find(key: IntentKey): Promise<{ id: number; status: TxStatus } | undefined>;
  /**
   * Advances everything that is due. One bad row never stops a pass; rejects only when the chain or the store cannot be
   * read at all. Concurrent calls share one pass.
   */
  pass(): Promise<TxPassReport>;
  /** Forgets final rows older than this. Forgotten keys could be submitted again: keep them for longer than subjects live. */
  prune(beforeMs: number): Promise<number>;
  /** Waits for a running pass and lets another process become the writer at once. */
  stop(): Promise<void>;
};

const statusOf = async (tx: Tx, row: OutboxRow): Promise<TxStatus> => {
  const { state, generation, final, reason = "", txHash: hash, block } = row;
  if (state === "refused") return { kind: "refused", reason, retryAtMs: row.retryAtMs, generation };
  if (state === "cancelled") return { kind: "cancelled", reason, final, generation };
  if (hash !== undefined && block !== undefined) {
    if (state === "mined") return { kind: "mined", hash, block, final, generation };
    if (state === "reverted") return { kind: "reverted", reason, hash, block, final, generation };
  }
  const hashes = (await attemptsOf(tx, row)).map((attempt) => attempt.hash);
  return { kind: "pending", stage: state === "queued" ? "queued" : "sent", generation, hashes };
};

const checkIntent = ({ subject, action, value = 0n }: Intent): void => {
  if (subject === "" || action === "" || subject.length > 200 || action.length > 200)
    throw new RangeError("subject and action of an intent must have 1 to 200 characters");
  if (value < 0n) throw new RangeError("an intent cannot send a negative value");
};

const inTx = <T>(store: Store, tx: Tx | undefined, fn: (tx: Tx) => Promise<T>): Promise<T> =>
  tx === undefined ? store.tx(fn) : fn(tx);

/** The manager of one key on one chain. Makes no request and takes no lease until the first `pass`. */
export const makeTransactions = (deps: TransactionsDeps): Transactions => {
  const { store, clock, policy, signer, chainId } = deps;
  const account = { chainId, sender: signer.address.toLowerCase() as Address };
  const countPass = makeTxMetrics(deps.metrics);
  let lease: Lease | undefined;
  let isFirstPass = true;
  let checkedHead: bigint | undefined;
  let running: Promise<TxPassReport> | undefined;

  const submit = async (tx: Tx, intent: Intent, again: boolean): Promise<number> => {
    const row = await findRow(tx, account, intent);
    if (row === undefined) return insertRow(tx, account, intent, clock.now());
    const isOver = row.final && row.state !== "mined";
    const isUnsent = !row.final && (row.state === "queued" || row.state === "refused");
    if (isUnsent || (isOver && again)) await rewriteRow(tx, account, row.id, intent, isOver, clock.now());
    return row.id;
  };
  const holdLease = async (): Promise<Lease | undefined> => {
    await lease?.renew().catch((error: unknown) => {
      if (!(error instanceof LeaseLostError)) throw error;
      lease = undefined;
    });
    lease ??= await deps.leases.acquire(`outbox:${chainId}:${account.sender}`, policy.leaseTtlMs);
    return lease;
  };
  const runPass = async (): Promise<TxPassReport> => {
    const report = emptyReport();
    const held = await holdLease();
    if (held === undefined) return { ...report, isWriter: false };
    const view = await deps.chain.view(account.sender, policy.confirmations);
    const ctx: PassContext = { deps, account, lease: held, view, report, resend: isFirstPass ? "all" : new Set() };
    await reconcileNonces(ctx);
    if (view.head !== checkedHead) await recheckFinal(ctx);
    checkedHead = view.head;
    await followRows(ctx);
    await maintainRows(ctx);
    await startRows(ctx);
    isFirstPass = false;
    Object.assign(report, await store.read((tx) => countRows(tx, account)));
    countPass(report);
    return report;
  };
  const pass = async (): Promise<TxPassReport> => {
    try {
      return await runPass();
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      lease = undefined;
      isFirstPass = true;
      return { ...emptyReport(), isWriter: false };
    }
  };
  return {
    address: signer.address,
    submit: async (intent, { again = false, tx } = {}) => {
      checkIntent(intent);
      return inTx(store, tx, (open) => submit(open, intent, again));
    },
    cancel: (id, reason) => store.tx((tx) => requestCancel(tx, id, reason, clock.now())),
    status: (id) =>
      store.read(async (tx) => {
        const row = await loadRow(tx, id);
        return row === undefined ? undefined : statusOf(tx, row);
      }),
    find: (key) =>
      store.read(async (tx) => {
        const row = await findRow(tx, account, key);
        return row === undefined ? undefined : { id: row.id, status: await statusOf(tx, row) };
      }),
    pass: () => (running ??= pass().finally(() => (running = undefined))),
    prune: (beforeMs) => store.tx((tx) => pruneRows(tx, chainId, beforeMs)),
    stop: async () => {
      await running?.catch(() => {});
      await lease?.release();
      lease = undefined;
      isFirstPass = true;
    },
  };
};
