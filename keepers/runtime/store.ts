/**
 * What the runtime and the jobs need from a database, small enough that SQLite and PostgreSQL can both provide it:
 * promises, `?` placeholders, and SQL that both understand (`INSERT ... ON CONFLICT`, `RETURNING`).
 *
 * Guarantees: `tx` is all or nothing and survives `kill -9` once it resolved; transactions of one store run one after
 * another; a write transaction sees every write committed before it by any process.
 */
import { StoreError } from "./errors.ts";

export type SqlValue = null | number | bigint | string | Uint8Array;
export type Row = Readonly<Record<string, SqlValue>>;

export type Tx = {
  /** Runs one statement and returns the rows that it changed. */
  run(sql: string, params?: readonly SqlValue[]): Promise<number>;
  /** Runs one statement for each list of parameters; the fast way to insert many rows. */
  runMany(sql: string, rows: Iterable<readonly SqlValue[]>): Promise<void>;
  /** All rows of a query. Queries on unbounded tables MUST carry a LIMIT. */
  all(sql: string, params?: readonly SqlValue[]): Promise<readonly Row[]>;
};

export type Store = {
  /** A write transaction: commits when `fn` resolves, rolls back when it rejects. Keep network calls out of `fn`. */
  tx<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** A consistent read that takes no write lock. Writing inside is an error. */
  read<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** Waits for running transactions, then closes. Later calls fail with a StoreError. */
  close(): Promise<void>;
};

const mismatch = (column: string, wanted: string, value: SqlValue | undefined): StoreError =>
  new StoreError(`column "${column}" holds ${value === undefined ? "nothing" : typeof value} where ${wanted} belongs`);

/** The text in a column. */
export const textOf = (row: Row, column: string): string => {
  const value = row[column];
  if (typeof value !== "string") throw mismatch(column, "text", value);
  return value;
};

/** The integer in a column, as a number (exact up to 2^53). */
export const numberOf = (row: Row, column: string): number => {
  const value = Number(row[column] ?? Number.NaN);
  if (!Number.isSafeInteger(value)) throw mismatch(column, "an integer", row[column]);
  return value;
};

/** The integer in a column, as a bigint; also reads decimal text (how amounts beyond 64 bits are stored). */
export const bigintOf = (row: Row, column: string): bigint => {
  const value = row[column];
  if (value === null || value === undefined || value instanceof Uint8Array) throw mismatch(column, "an integer", value);
  return BigInt(value);
};

/** `read(row, column)`, or undefined where the column is NULL. */
export const optional = <T>(read: (row: Row, column: string) => T, row: Row, column: string): T | undefined =>
  row[column] === null || row[column] === undefined ? undefined : read(row, column);

/** The value under (`space`, `key`) of the key/value table, or undefined. */
export const getValue = async (tx: Tx, space: string, key: string): Promise<string | undefined> => {
  const [row] = await tx.all("SELECT value FROM kv WHERE space = ? AND key = ?", [space, key]);
  return row === undefined ? undefined : textOf(row, "value");
};

/** Sets the value under (`space`, `key`). */
export const setValue = async (tx: Tx, space: string, key: string, value: string): Promise<void> => {
  await tx.run(
    "INSERT INTO kv (space, key, value) VALUES (?, ?, ?) ON CONFLICT (space, key) DO UPDATE SET value = excluded.value",
    [space, key, value],
  );
};

/** Removes the value under (`space`, `key`), if any. */
export const deleteValue = async (tx: Tx, space: string, key: string): Promise<void> => {
  await tx.run("DELETE FROM kv WHERE space = ? AND key = ?", [space, key]);
};
