/**
 * Tables of the runtime. Heights, ids and milliseconds are integers; wei amounts are decimal text (beyond 64 bits);
 * addresses are lower case.
 */
import type { Migration } from "./migrations.ts";

const first: Migration = {
  module: "runtime",
  version: 1,
  sql: [
    "CREATE TABLE kv (space TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (space, key))",
    "CREATE TABLE leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, token BIGINT NOT NULL, expires_ms BIGINT NOT NULL)",
    // What shall happen on chain, once per key. state: queued | refused | sending | mined | reverted | cancelled
    `CREATE TABLE outbox (
       id INTEGER PRIMARY KEY, chain_id BIGINT NOT NULL, sender TEXT NOT NULL, contract TEXT NOT NULL,
       subject TEXT NOT NULL, action TEXT NOT NULL, generation INTEGER NOT NULL, revision INTEGER NOT NULL,
       target TEXT NOT NULL, data TEXT NOT NULL, value TEXT NOT NULL, gas TEXT, deadline_s BIGINT, retry_after_ms BIGINT,
       state TEXT NOT NULL, final INTEGER NOT NULL, reason TEXT, retry_at_ms BIGINT, cancel_reason TEXT, lost_ms BIGINT,
       nonce BIGINT, gas_limit TEXT, tx_hash TEXT, block_number BIGINT, block_hash TEXT,
       created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
       UNIQUE (chain_id, contract, subject, action))`,
    "CREATE INDEX outbox_open ON outbox (chain_id, sender, final, state, id)",
    "CREATE INDEX outbox_nonce ON outbox (chain_id, sender, nonce)",
    // Every signed transaction, stored before it is first sent. kind: send | cancel
    `CREATE TABLE attempts (
       id INTEGER PRIMARY KEY, outbox_id BIGINT NOT NULL, generation INTEGER NOT NULL, nonce BIGINT NOT NULL,
       kind TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, raw TEXT NOT NULL, gas TEXT NOT NULL,
       max_fee TEXT NOT NULL, priority_fee TEXT NOT NULL, underpriced INTEGER NOT NULL,
       created_ms BIGINT NOT NULL, sent_ms BIGINT)`,
    "CREATE INDEX attempts_outbox ON attempts (outbox_id, generation, nonce, id)",
    "CREATE TABLE nonces (chain_id BIGINT NOT NULL, sender TEXT NOT NULL, next BIGINT NOT NULL, PRIMARY KEY (chain_id, sender))",
    "CREATE TABLE cursors (name TEXT PRIMARY KEY, height BIGINT NOT NULL, updated_ms BIGINT NOT NULL)",
    "CREATE TABLE cursor_blocks (name TEXT NOT NULL, height BIGINT NOT NULL, hash TEXT NOT NULL, anchor INTEGER NOT NULL, PRIMARY KEY (name, height))",
  ],
};

const second: Migration = {
  module: "runtime",
  version: 2,
  sql: ["ALTER TABLE outbox ADD COLUMN reserve_gas TEXT"],
};

/** Migrations that every store starts with. */
export const runtimeMigrations: readonly Migration[] = [first, second];
