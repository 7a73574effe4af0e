/**
 * Versioned tables. Each module (the runtime, a job) owns a list of migrations numbered 1, 2, 3 ...; each is applied
 * exactly once, in one transaction with the note that it was. An applied migration never changes: a store written by
 * other migrations than the program's, or by a newer program, is refused.
 */
import { createHash } from "node:crypto";
import { StoreError } from "./errors.ts";
import { numberOf, type Store, textOf, type Tx } from "./store.ts";

export type Migration = {
  module: string;
  /** 1, 2, 3 ... within its module. */
  version: number;
  /** Statements that SQLite and PostgreSQL both understand, one per entry. */
  sql: readonly string[];
};

const table =
  "CREATE TABLE IF NOT EXISTS migrations (module TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, " +
  "applied_ms BIGINT NOT NULL, PRIMARY KEY (module, version))";

const digestOf = ({ sql }: Migration): string => createHash("sha256").update(sql.join(";\n")).digest("hex");

/** Throws when versions of a module are not exactly 1..n in order. */
const checkNumbering = (migrations: readonly Migration[]): void => {
  const last = new Map<string, number>();
  for (const { module, version } of migrations) {
    const expected = (last.get(module) ?? 0) + 1;
    if (version !== expected) throw new StoreError(`module "${module}": migration ${version} where ${expected} is due`);
    last.set(module, version);
  }
};

const apply = async (tx: Tx, migration: Migration, nowMs: number): Promise<void> => {
  const { module, version, sql } = migration;
  for (const statement of sql) await tx.run(statement);
  await tx.run("INSERT INTO migrations (module, version, digest, applied_ms) VALUES (?, ?, ?, ?)", [
    module,
    version,
    digestOf(migration),
    nowMs,
  ]);
};

/** Applies what is missing, in the given order, in one transaction. Throws StoreError and changes nothing on any conflict. */
export const migrate = async (store: Store, migrations: readonly Migration[], nowMs: number): Promise<void> => {
  checkNumbering(migrations);
  await store.tx(async (tx) => {
    await tx.run(table);
    const rows = await tx.all("SELECT module, version, digest FROM migrations");
    const applied = new Map(
      rows.map((row) => [`${textOf(row, "module")} ${numberOf(row, "version")}`, textOf(row, "digest")]),
    );
    const modules = new Set(migrations.map(({ module }) => module));
    const known = new Set(migrations.map(({ module, version }) => `${module} ${version}`));
    for (const row of rows)
      if (modules.has(textOf(row, "module")) && !known.has(`${textOf(row, "module")} ${numberOf(row, "version")}`))
        throw new StoreError(
          `the store was written by a newer program (${textOf(row, "module")} ${numberOf(row, "version")}): update the keeper`,
        );
    for (const migration of migrations) {
      const digest = applied.get(`${migration.module} ${migration.version}`);
      if (digest === undefined) await apply(tx, migration, nowMs);
      else if (digest !== digestOf(migration))
        throw new StoreError(
          `migration ${migration.module} ${migration.version} was changed after it had been applied`,
        );
    }
  });
};
