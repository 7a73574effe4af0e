/** Which transaction does what to which request: several requests can share one. */
import type { Migration } from "../runtime/migrations.ts";

/** Migrations of the settler and the janitor. */
export const settlerMigrations: readonly Migration[] = [
  {
    module: "settler",
    version: 1,
    sql: [
      `CREATE TABLE request_actions (
         request_id TEXT NOT NULL, action TEXT NOT NULL, outbox_id BIGINT NOT NULL, created_ms BIGINT NOT NULL,
         PRIMARY KEY (request_id, action))`,
      "CREATE INDEX request_actions_outbox ON request_actions (outbox_id)",
    ],
  },
];
