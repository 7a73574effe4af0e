/** Tables of what this node itself has found and said. Rows are written before anything is signed, and never change. */
import type { Migration } from "../runtime/migrations.ts";

/** Migrations of the executor job; `networkMigrations` are needed too. */
export const executorMigrations: readonly Migration[] = [
  {
    module: "executor",
    version: 1,
    sql: [
      `CREATE TABLE executor_results (
         request_id TEXT NOT NULL, node_id BIGINT NOT NULL, digest TEXT NOT NULL, salt TEXT NOT NULL, leaf TEXT NOT NULL,
         status INTEGER NOT NULL, usage TEXT NOT NULL, output TEXT NOT NULL, created_ms BIGINT NOT NULL,
         PRIMARY KEY (request_id, node_id))`,
      `CREATE TABLE executor_items (
         request_id TEXT NOT NULL, item INTEGER NOT NULL, status INTEGER NOT NULL, usage TEXT NOT NULL,
         output TEXT NOT NULL, digest TEXT NOT NULL, created_ms BIGINT NOT NULL, PRIMARY KEY (request_id, item))`,
      // round: 1 for the first root, 2 for the second
      `CREATE TABLE executor_attestations (
         request_id TEXT NOT NULL, node_id BIGINT NOT NULL, round INTEGER NOT NULL, committed TEXT NOT NULL,
         leaves TEXT NOT NULL, decided_ms BIGINT NOT NULL, PRIMARY KEY (request_id, node_id, round))`,
      "CREATE INDEX executor_results_age ON executor_results (created_ms)",
      "CREATE INDEX executor_items_age ON executor_items (created_ms)",
      "CREATE INDEX executor_attestations_age ON executor_attestations (decided_ms)",
    ],
  },
];
