/**
 * Tables of the chain view. Every effect of a log carries the height of its block, so that a rollback removes exactly
 * what came from blocks that left the chain. Words and digests are text; heights, ids and milliseconds are integers.
 */
import type { Migration } from "../runtime/migrations.ts";

const first: Migration = {
  module: "chain",
  version: 1,
  sql: [
    // One row per request; each group of columns is one event and is cleared when that event's block leaves the chain.
    `CREATE TABLE chain_requests (
       request_id TEXT PRIMARY KEY, height BIGINT NOT NULL, log_index INTEGER NOT NULL, round BIGINT NOT NULL,
       origin TEXT NOT NULL, work TEXT NOT NULL, rules TEXT NOT NULL, terms TEXT NOT NULL, input_digest TEXT NOT NULL,
       data BLOB NOT NULL,
       recorded_height BIGINT, recorded_tx TEXT, recorded_digest TEXT, recorded_head TEXT, settler TEXT, finalize_after_s BIGINT,
       settled_height BIGINT, settled_tx TEXT, settled_digest TEXT, settled_head TEXT,
       refunded_height BIGINT, ended_ms BIGINT,
       failed_height BIGINT, failed_ms BIGINT, delivered_height BIGINT)`,
    `CREATE INDEX chain_requests_active ON chain_requests (height, log_index) WHERE refunded_height IS NULL AND
       (settled_height IS NULL OR (failed_height IS NOT NULL AND delivered_height IS NULL))`,
    "CREATE INDEX chain_requests_ended ON chain_requests (ended_ms) WHERE ended_ms IS NOT NULL",
    "CREATE INDEX chain_requests_height ON chain_requests (height)",
    ...["recorded_height", "settled_height", "refunded_height", "failed_height", "delivered_height"].map(
      (column) => `CREATE INDEX chain_requests_${column} ON chain_requests (${column}) WHERE ${column} IS NOT NULL`,
    ),
    "CREATE TABLE chain_rounds (round BIGINT PRIMARY KEY, height BIGINT NOT NULL, word TEXT NOT NULL, seen_ms BIGINT NOT NULL)",
    // Slowly changing fields of nodes, tasks and the escrow's words of tasks: the newest row of a field is its value.
    `CREATE TABLE chain_facts (
       space TEXT NOT NULL, key BIGINT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL,
       height BIGINT NOT NULL, log_index INTEGER NOT NULL, PRIMARY KEY (space, key, field, height, log_index))`,
    "CREATE INDEX chain_facts_value ON chain_facts (space, field, value)",
    `CREATE TABLE chain_subscriptions (
       task_id BIGINT NOT NULL, node_id BIGINT NOT NULL, height BIGINT NOT NULL, log_index INTEGER NOT NULL,
       kind TEXT NOT NULL, active_at_s BIGINT NOT NULL, PRIMARY KEY (task_id, node_id, height, log_index))`,
    `CREATE TABLE chain_snapshots (
       snapshot_id BIGINT PRIMARY KEY, task_id BIGINT NOT NULL, height BIGINT NOT NULL, log_index INTEGER NOT NULL,
       block_hash TEXT NOT NULL, word TEXT, code TEXT)`,
  ],
};

/** What members did on chain: a leaf (committed), leaves (shown), a digest (revealed, counted), a bitmap (idle). */
const fallbacks: Migration = {
  module: "chain",
  version: 2,
  sql: [
    `CREATE TABLE chain_fallbacks (
       request_id TEXT NOT NULL, node_id BIGINT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
       height BIGINT NOT NULL, log_index INTEGER NOT NULL, seen_ms BIGINT NOT NULL, PRIMARY KEY (height, log_index))`,
    "CREATE INDEX chain_fallbacks_request ON chain_fallbacks (request_id)",
    "CREATE INDEX chain_fallbacks_seen ON chain_fallbacks (seen_ms)",
  ],
};

/** Disputes (opened, concluded, closed), and nodes that lost all their stake (condemned) or a part of it (silent). */
const disputes: Migration = {
  module: "chain",
  version: 3,
  sql: [
    `CREATE TABLE chain_disputes (
       request_id TEXT NOT NULL, kind TEXT NOT NULL, node_id BIGINT NOT NULL,
       height BIGINT NOT NULL, log_index INTEGER NOT NULL, seen_ms BIGINT NOT NULL, PRIMARY KEY (height, log_index))`,
    "CREATE INDEX chain_disputes_request ON chain_disputes (request_id, kind)",
    "CREATE INDEX chain_disputes_kind ON chain_disputes (kind, height)",
  ],
};

/** With which digest a disputed request can settle after all, and until when. */
const verdicts: Migration = {
  module: "chain",
  version: 4,
  sql: [
    `CREATE TABLE chain_verdicts (
       request_id TEXT NOT NULL, digest TEXT NOT NULL, until_s BIGINT NOT NULL,
       height BIGINT NOT NULL, log_index INTEGER NOT NULL, PRIMARY KEY (height, log_index))`,
    "CREATE INDEX chain_verdicts_request ON chain_verdicts (request_id)",
  ],
};

/** Certificates of issuers (issuer) and machines (pck, pckRevoked), and keys bound to workloads (bound, ended): the newest row of an id counts, until its time, Unix seconds. */
const evidence: Migration = {
  module: "chain",
  version: 5,
  sql: [
    `CREATE TABLE chain_evidence (
       kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, until_s BIGINT NOT NULL,
       height BIGINT NOT NULL, log_index INTEGER NOT NULL, PRIMARY KEY (height, log_index))`,
    "CREATE INDEX chain_evidence_id ON chain_evidence (id, height)",
    "CREATE INDEX chain_evidence_kind ON chain_evidence (kind, height)",
  ],
};

/** Settlements of requests that no event announced: those that their requesters signed. */
const signedSettlements: Migration = {
  module: "chain",
  version: 6,
  sql: [
    `CREATE TABLE chain_signed (
       request_id TEXT PRIMARY KEY, height BIGINT NOT NULL, tx TEXT NOT NULL, digest TEXT NOT NULL, head TEXT NOT NULL,
       seen_ms BIGINT NOT NULL)`,
    "CREATE INDEX chain_signed_height ON chain_signed (height)",
    "CREATE INDEX chain_signed_seen ON chain_signed (seen_ms)",
  ],
};

/** Migrations of the chain view. */
export const chainMigrations: readonly Migration[] = [
  first,
  fallbacks,
  disputes,
  verdicts,
  evidence,
  signedSettlements,
];
