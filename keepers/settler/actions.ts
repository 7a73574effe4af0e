/**
 * The transactions that this keeper has under way for requests. Each is called off as soon as the request no longer
 * needs it: somebody else was faster, it ended otherwise, or a reorganisation took it away.
 */
import type { Address, Hex } from "viem";
import type { RequestSummary } from "../chain/requests.ts";
import type { Clock } from "../runtime/clock.ts";
import { isUnderWay } from "../runtime/submit-once.ts";
import { numberOf, type Store, textOf } from "../runtime/store.ts";
import type { Transactions } from "../runtime/transactions.ts";
import type { Intent, TxStatus } from "../runtime/tx-types.ts";

export type RequestAction =
  | "showAttestation"
  | "commitOnChain"
  | "revealOnChain"
  | "settleRevealed"
  | "settle"
  | "finalize"
  | "finalizeWithoutOutput"
  | "retryCallback"
  | "expire";

export type Actions = {
  /**
   * Puts one transaction for all these requests into the outbox, and remembers it with them, in one database
   * transaction. A key that failed before starts anew.
   */
  submit(action: RequestAction, requestIds: readonly Hex[], intent: Intent): Promise<number>;
  /**
   * Compares what is under way with what the view shows. Returns, as "action requestId", what must not be started now:
   * it is under way, or failed a moment ago.
   */
  reconcile(requests: readonly RequestSummary[], head: bigint): Promise<ReadonlySet<string>>;
};

type Link = { requestId: Hex; action: RequestAction; outboxId: number };
type Followed = Link & { status: TxStatus | undefined; isMoot: boolean };

const maxLinks = 100_000;
/** What failed is not started again for so long. */
const holdMs = 10_000;

/** The name of an action on a request. */
export const actionKey = (action: RequestAction, requestId: Hex): string => `${action} ${requestId}`;

/** Whether a request in this state still needs the action. */
export const isNeeded = (action: RequestAction, request: RequestSummary | undefined): boolean => {
  if (request === undefined) return false;
  if (action === "finalize" || action === "finalizeWithoutOutput") return request.state === "recorded";
  if (action === "retryCallback") return request.callbackFailedMs !== undefined;
  return request.state === "open";
};

export type ActionsDeps = {
  /** The store that `transactions` has its outbox in. Instances may share it. */
  store: Store;
  transactions: Transactions;
  clock: Clock;
  /** Whose requests these are: intents MUST name it as their contract. */
  escrow: Address;
};

/** The actions in `store`, which must have `settlerMigrations`. */
export const makeActions = ({ store, transactions, clock, escrow }: ActionsDeps): Actions => {
  const heldBack = new Map<string, number>();

  const load = (): Promise<readonly Link[]> =>
    store.read(async (tx) => {
      const rows = await tx.all(
        "SELECT request_id, request_actions.action AS action, outbox_id FROM request_actions LEFT JOIN outbox " +
          "ON outbox.id = outbox_id WHERE contract IS NULL OR contract = ? LIMIT ?", // null: the outbox forgot it
        [escrow.toLowerCase(), maxLinks],
      );
      return rows.map((row) => ({
        requestId: textOf(row, "request_id") as Hex,
        action: textOf(row, "action") as RequestAction,
        outboxId: numberOf(row, "outbox_id"),
      }));
    });
  const unlink = (links: readonly Link[]): Promise<void> =>
    store.tx((tx) =>
      tx.runMany(
        "DELETE FROM request_actions WHERE request_id = ? AND action = ? AND outbox_id = ?",
        links.map(({ requestId, action, outboxId }) => [requestId, action, outboxId]),
      ),
    );
  const follow = async (links: readonly Link[], requests: readonly RequestSummary[]): Promise<readonly Followed[]> => {
    const byId = new Map(requests.map((request) => [request.requestId, request]));
    const statuses = new Map<number, TxStatus | undefined>();
    for (const { outboxId } of links)
      if (!statuses.has(outboxId)) statuses.set(outboxId, await transactions.status(outboxId));
    return links.map((link) => ({
      ...link,
      status: statuses.get(link.outboxId),
      isMoot: !isNeeded(link.action, byId.get(link.requestId)),
    }));
  };
  const callOff = async (followed: readonly Followed[]): Promise<void> => {
    const wanted = new Set(followed.flatMap(({ isMoot, outboxId }) => (isMoot ? [] : [outboxId])));
    const ids = new Set(followed.flatMap(({ status, outboxId }) => (isUnderWay(status) ? [outboxId] : [])));
    for (const id of ids) if (!wanted.has(id)) await transactions.cancel(id, "the request does not need it any more");
  };
  /** Over: whatever the outbox still does about it, the request may be looked at afresh. */
  const isOver = ({ status, isMoot }: Followed, head: bigint): boolean => {
    if (isMoot || status === undefined) return true;
    if (isUnderWay(status)) return false;
    return status.kind !== "mined" || status.block <= head; // mined and still needed: it was skipped, or undone
  };
  const holdBack = (over: readonly Followed[], nowMs: number): void => {
    for (const [key, untilMs] of heldBack) if (untilMs <= nowMs) heldBack.delete(key);
    for (const { action, requestId, isMoot } of over)
      if (!isMoot) heldBack.set(actionKey(action, requestId), nowMs + holdMs);
  };

  return {
    submit: (action, requestIds, intent) =>
      store.tx(async (tx) => {
        const outboxId = await transactions.submit(intent, { again: true, tx });
        await tx.runMany(
          "INSERT INTO request_actions (request_id, action, outbox_id, created_ms) VALUES (?, ?, ?, ?) " +
            "ON CONFLICT (request_id, action) DO UPDATE SET outbox_id = excluded.outbox_id, created_ms = excluded.created_ms",
          requestIds.map((requestId) => [requestId, action, outboxId, clock.now()]),
        );
        return outboxId;
      }),
    reconcile: async (requests, head) => {
      const followed = await follow(await load(), requests);
      await callOff(followed);
      const over = followed.filter((one) => isOver(one, head));
      if (over.length > 0) await unlink(over);
      holdBack(over, clock.now());
      const open = followed.filter((one) => !isOver(one, head));
      return new Set([...heldBack.keys(), ...open.map(({ action, requestId }) => actionKey(action, requestId))]);
    },
  };
};
