/** Feeds the chain view's tables from the log cursor, and takes back what a reorganisation takes back. */
import type { Clock } from "../runtime/clock.ts";
import type { CursorConsumer } from "../runtime/cursor-types.ts";
import { errorLine, StoreError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { ChainLog } from "../runtime/rpc-answers.ts";
import { getValue, type SqlValue, type Tx } from "../runtime/store.ts";
import { changesOf, type StatementName, statements } from "./changes.ts";
import type { ChainEvent } from "./events.ts";

/** Where the height below which ended requests were forgotten is kept. */
export const prunedKey = ["chain", "prunedBelow"] as const;

/** Clears the columns of a group of events whose block left the chain. */
const clearing: readonly (readonly [height: string, columns: readonly string[]])[] = [
  ["recorded_height", ["recorded_tx", "recorded_digest", "recorded_head", "settler", "finalize_after_s"]],
  ["settled_height", ["settled_tx", "settled_digest", "settled_head"]],
  ["refunded_height", []],
  ["failed_height", ["failed_ms"]],
  ["delivered_height", []],
];
const tables = [
  "chain_requests",
  "chain_verdicts",
  "chain_fallbacks",
  "chain_disputes",
  "chain_rounds",
  "chain_facts",
  "chain_subscriptions",
  "chain_snapshots",
  "chain_evidence",
  "chain_signed",
] as const;

const rollback = async (tx: Tx, height: bigint): Promise<void> => {
  const pruned = await getValue(tx, ...prunedKey);
  if (pruned !== undefined && height < BigInt(pruned))
    throw new StoreError(
      `the chain was reorganised below block ${pruned}, beyond what this store remembers: start with a new store`,
    );
  for (const table of tables) await tx.run(`DELETE FROM ${table} WHERE height > ?`, [height]);
  for (const [column, others] of clearing) {
    const nulls = [column, ...others].map((name) => `${name} = NULL`).join(", ");
    await tx.run(`UPDATE chain_requests SET ${nulls} WHERE ${column} > ?`, [height]);
  }
};

export type ConsumerDeps = { clock: Clock; log: Log; decode: (log: ChainLog) => ChainEvent | undefined };

/** The consumer. A log that cannot be understood is reported and passed over. */
export const makeChainConsumer = ({ clock, log, decode }: ConsumerDeps): CursorConsumer => {
  const rowsOf = (logs: readonly ChainLog[]): ReadonlyMap<StatementName, (readonly SqlValue[])[]> => {
    const rows = new Map<StatementName, (readonly SqlValue[])[]>();
    const nowMs = clock.now();
    for (const one of logs) {
      try {
        const event = decode(one);
        if (event === undefined) throw new Error("it is no event that this version knows");
        for (const { statement, params } of changesOf(event, one, nowMs)) {
          const list = rows.get(statement) ?? [];
          list.push(params);
          rows.set(statement, list);
        }
      } catch (error) {
        const { address, blockNumber, logIndex } = one;
        log.warn({ address, blockNumber, logIndex, error: errorLine(error) }, "a log was passed over");
      }
    }
    return rows;
  };
  return {
    apply: async (tx, logs) => {
      const rows = rowsOf(logs);
      for (const [name, sql] of Object.entries(statements)) {
        const list = rows.get(name as StatementName);
        if (list !== undefined) await tx.runMany(sql, list);
      }
    },
    rollback,
  };
};
