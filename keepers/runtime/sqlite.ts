/**
 * The store on SQLite (node:sqlite): WAL, `synchronous = FULL`, file mode 0600. Several processes may share a file; a
 * writer that finds it locked waits without blocking the event loop, up to `busyTimeoutMs`.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Clock } from "./clock.ts";
import { StoreError } from "./errors.ts";
import { type Migration, migrate } from "./migrations.ts";
import { runtimeMigrations } from "./schema.ts";
import type { Row, SqlValue, Store, Tx } from "./store.ts";

export type SqliteOptions = {
  /** File to open or create; ":memory:" for one that dies with the process. */
  path: string;
  clock: Clock;
  /** Migrations of the jobs; those of the runtime come first by themselves. */
  migrations?: readonly Migration[];
  busyTimeoutMs?: number;
};

const busy = 5; // SQLITE_BUSY
const maxStatements = 256;

/** Whether SQLite failed because somebody else holds a lock. */
export const isBusy = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === busy;

const openFile = (path: string, busyTimeoutMs: number): DatabaseSync => {
  try {
    if (path !== ":memory:") {
      closeSync(openSync(path, "a", 0o600));
      chmodSync(path, 0o600); // the -wal and -shm files take the mode of the main file
    }
    const db = new DatabaseSync(path, { timeout: busyTimeoutMs });
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    db.exec("PRAGMA busy_timeout = 20"); // longer waits happen in `begin`, outside the event loop's way
    return db;
  } catch (cause) {
    const isFolderThere = path === ":memory:" || existsSync(dirname(path));
    const why = isFolderThere
      ? "is the folder writable and the file a store?"
      : `the folder ${dirname(path)} does not exist: make it, and give it to the keeper's user`;
    throw new StoreError(`cannot open the store ${path}: ${why}`, { cause });
  }
};

/** Statements are compiled once; the least recently added is dropped beyond the bound. */
const makeStatements = (db: DatabaseSync): ((sql: string) => StatementSync) => {
  const statements = new Map<string, StatementSync>();
  return (sql) => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const oldest = statements.size >= maxStatements ? statements.keys().next().value : undefined;
    if (oldest !== undefined) statements.delete(oldest);
    const statement = db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
};

/** A transaction handle that refuses to work after its transaction ended. */
const makeTx = (statement: (sql: string) => StatementSync): { tx: Tx; end(): void } => {
  let ended = false;
  const open = (sql: string): StatementSync => {
    if (ended) throw new StoreError("a transaction was used after its end: await every call inside it");
    return statement(sql);
  };
  const tx: Tx = {
    run: async (sql, params = []) => Number(open(sql).run(...(params as SqlValue[])).changes),
    runMany: async (sql, rows) => {
      const prepared = open(sql);
      for (const params of rows) prepared.run(...(params as SqlValue[]));
    },
    all: async (sql, params = []) => open(sql).all(...(params as SqlValue[])) as Row[],
  };
  return { tx, end: () => void (ended = true) };
};

/** Opens (or creates) the store and brings its tables up to date. Throws StoreError when that is impossible. */
export const openSqlite = async ({
  path,
  clock,
  migrations = [],
  busyTimeoutMs = 10_000,
}: SqliteOptions): Promise<Store> => {
  const db = openFile(path, busyTimeoutMs);
  const statement = makeStatements(db);
  const inside = new AsyncLocalStorage<true>();
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;

  const begin = async (sql: string): Promise<void> => {
    const until = clock.now() + busyTimeoutMs;
    for (;;) {
      try {
        return db.exec(sql);
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (clock.now() >= until)
          throw new StoreError(`the store stayed locked by another process for ${busyTimeoutMs} ms`, { cause: error });
      }
      await clock.sleep(2 + Math.floor(clock.random() * 20));
    }
  };
  const transact = async <T>(beginSql: string, fn: (tx: Tx) => Promise<T>): Promise<T> => {
    if (closed) throw new StoreError("the store is closed");
    await begin(beginSql);
    const { tx, end } = makeTx(statement);
    try {
      const result = await inside.run(true, () => fn(tx));
      db.exec("COMMIT");
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    } finally {
      end();
    }
  };
  const enqueue = <T>(beginSql: string, fn: (tx: Tx) => Promise<T>): Promise<T> => {
    if (inside.getStore()) return Promise.reject(new StoreError("transactions do not nest: pass the tx down instead"));
    const result = queue.then(() => transact(beginSql, fn));
    queue = result.catch(() => {});
    return result;
  };
  const readOnly = async <T>(fn: (tx: Tx) => Promise<T>, tx: Tx): Promise<T> => {
    await tx.run("PRAGMA query_only = ON");
    try {
      return await fn(tx);
    } finally {
      await tx.run("PRAGMA query_only = OFF");
    }
  };

  const store: Store = {
    tx: (fn) => enqueue("BEGIN IMMEDIATE", fn),
    read: (fn) => enqueue("BEGIN", (tx) => readOnly(fn, tx)),
    close: async () => {
      if (closed) return;
      await queue;
      closed = true;
      db.close();
    },
  };
  try {
    await migrate(store, [...runtimeMigrations, ...migrations], clock.now());
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
};
