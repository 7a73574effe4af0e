/** Table of signed requests that this node has heard of. Words and amounts are decimal text, hex is lower-case text. */
import type { Migration } from "../runtime/migrations.ts";

/** Migrations of signed requests; they read `chainMigrations`' tables too. */
export const signedMigrations: readonly Migration[] = [
  {
    module: "signed",
    version: 1,
    sql: [
      // Heard of at `height`; can settle until `ends_s`, Unix seconds; `ended` says why it cannot any more.
      `CREATE TABLE signed_requests (
         request_id TEXT PRIMARY KEY, requester TEXT NOT NULL, nonce BIGINT NOT NULL, origin TEXT NOT NULL,
         work TEXT NOT NULL, rules TEXT NOT NULL, terms TEXT NOT NULL, input_digest TEXT NOT NULL, signature TEXT NOT NULL,
         lock TEXT NOT NULL, height BIGINT NOT NULL, ends_s BIGINT NOT NULL, heard_ms BIGINT NOT NULL,
         has_input INTEGER NOT NULL, ended TEXT)`,
      "CREATE INDEX signed_requests_nonce ON signed_requests (requester, nonce)",
      "CREATE INDEX signed_requests_ends ON signed_requests (ends_s)",
    ],
  },
];
