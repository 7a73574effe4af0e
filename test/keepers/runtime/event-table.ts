/** A cursor consumer that keeps every event of the probe in a table, and what a table must look like. */
import type { CursorConsumer } from "../../../keepers/runtime/cursor-types.ts";
import type { Migration } from "../../../keepers/runtime/migrations.ts";
import type { Row, Store } from "../../../keepers/runtime/store.ts";

export const eventTable: Migration = {
  module: "test-events",
  version: 1,
  sql: [
    "CREATE TABLE events (height BIGINT NOT NULL, log_index INTEGER NOT NULL, tx_hash TEXT NOT NULL, subject TEXT NOT NULL, " +
      "value TEXT NOT NULL, PRIMARY KEY (height, log_index))",
    "CREATE INDEX events_height ON events (height)",
  ],
};

/** Stores events, deletes them on rollback. */
export const eventConsumer: CursorConsumer = {
  apply: async (tx, logs) => {
    await tx.runMany(
      "INSERT INTO events (height, log_index, tx_hash, subject, value) VALUES (?, ?, ?, ?, ?)",
      logs.map((log) => [log.blockNumber, log.logIndex, log.transactionHash, log.topics[1] ?? "", log.data]),
    );
  },
  rollback: async (tx, height) => void (await tx.run("DELETE FROM events WHERE height > ?", [height])),
};

/** The whole table in order. */
export const allEvents = (store: Store): Promise<readonly Row[]> =>
  store.read((tx) => tx.all("SELECT * FROM events ORDER BY height, log_index"));
