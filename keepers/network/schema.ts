/** Tables of what members have said. Hex is lower-case text, bitmaps and usage decimal text. */
import type { Migration } from "../runtime/migrations.ts";

/** Migrations of the committee network. */
export const networkMigrations: readonly Migration[] = [
  {
    module: "network",
    version: 1,
    sql: [
      // At most two leaves per node: the second proves equivocation.
      `CREATE TABLE committee_commits (
         request_id TEXT NOT NULL, level INTEGER NOT NULL, node_id BIGINT NOT NULL, leaf TEXT NOT NULL,
         signature TEXT NOT NULL, received_ms BIGINT NOT NULL, PRIMARY KEY (request_id, level, node_id, leaf))`,
      `CREATE TABLE committee_attestations (
         request_id TEXT NOT NULL, level INTEGER NOT NULL, node_id BIGINT NOT NULL, digest TEXT NOT NULL,
         committed TEXT NOT NULL, commit_root TEXT NOT NULL, salt TEXT NOT NULL, leaves TEXT NOT NULL,
         signature TEXT NOT NULL, received_ms BIGINT NOT NULL,
         PRIMARY KEY (request_id, level, node_id, digest, committed, commit_root))`,
      `CREATE TABLE committee_results (
         request_id TEXT NOT NULL, level INTEGER NOT NULL, digest TEXT NOT NULL, status INTEGER NOT NULL,
         usage TEXT NOT NULL, output TEXT NOT NULL, received_ms BIGINT NOT NULL,
         PRIMARY KEY (request_id, level, digest))`,
      "CREATE INDEX committee_commits_age ON committee_commits (received_ms)",
      "CREATE INDEX committee_attestations_age ON committee_attestations (received_ms)",
      "CREATE INDEX committee_results_age ON committee_results (received_ms)",
    ],
  },
];
