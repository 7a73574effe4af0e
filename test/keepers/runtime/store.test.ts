import { expect } from "chai";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { saveBatch, loadCheckpoints } from "../../../keepers/runtime/cursor-store.ts";
import { LeaseLostError, StoreError } from "../../../keepers/runtime/errors.ts";
import { makeLeases, withLease } from "../../../keepers/runtime/lease.ts";
import type { Migration } from "../../../keepers/runtime/migrations.ts";
import { openSqlite } from "../../../keepers/runtime/sqlite.ts";
import { deleteValue, getValue, numberOf, setValue, type Store, textOf } from "../../../keepers/runtime/store.ts";
import { manualClock } from "./clock.ts";

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );
const table: Migration = { module: "job", version: 1, sql: ["CREATE TABLE items (n INTEGER PRIMARY KEY)"] };

describe("store", function () {
  this.timeout(60_000);
  let folder: string;
  let path: string;
  const stores: Store[] = [];
  const open = async (migrations: readonly Migration[] = [table], busyTimeoutMs = 10_000): Promise<Store> => {
    const store = await openSqlite({ path, clock: systemClock, migrations, busyTimeoutMs });
    stores.push(store);
    return store;
  };
  const count = (store: Store): Promise<number> =>
    store.read(async (tx) => numberOf((await tx.all("SELECT COUNT(*) AS n FROM items"))[0] ?? {}, "n"));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "atoma-store-"));
    path = join(folder, "store.db");
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    rmSync(folder, { recursive: true });
  });

  it("is readable by its owner only, also where the file was there before", async () => {
    writeFileSync(path, "", { mode: 0o644 });
    await open();
    for (const suffix of ["", "-wal"]) expect(statSync(path + suffix).mode & 0o777).to.equal(0o600);
    const [row] = await (stores[0] as Store).read((tx) => tx.all("PRAGMA synchronous"));
    expect(row?.synchronous, "FULL").to.equal(2);
  });

  it("commits all of a transaction or nothing", async () => {
    const store = await open();
    await store.tx((tx) => tx.runMany("INSERT INTO items (n) VALUES (?)", [[1], [2]]));
    const error = await failure(
      store.tx(async (tx) => {
        await tx.run("INSERT INTO items (n) VALUES (3)");
        await tx.run("INSERT INTO items (n) VALUES (1)");
      }),
    );
    expect(String(error)).to.match(/UNIQUE/);
    expect(await count(store)).to.equal(2);
  });

  it("runs transactions one after another, and refuses nesting, late use and writes in reads", async () => {
    const store = await open();
    const add = (): Promise<void> =>
      store.tx(async (tx) => {
        const n = numberOf((await tx.all("SELECT COUNT(*) AS n FROM items"))[0] ?? {}, "n");
        await systemClock.sleep(1);
        await tx.run("INSERT INTO items (n) VALUES (?)", [n]);
      });
    await Promise.all(Array.from({ length: 20 }, add));
    expect(await count(store)).to.equal(20);
    expect(String(await failure(store.tx(() => store.tx(async () => 1))))).to.match(/do not nest/);
    const late = await store.tx(async (tx) => tx);
    expect(await failure(late.run("DELETE FROM items"))).to.be.instanceOf(StoreError);
    expect(String(await failure(store.read((tx) => tx.run("DELETE FROM items"))))).to.match(/readonly/);
    await store.tx((tx) => tx.run("DELETE FROM items WHERE n = 1"));
    expect(await count(store)).to.equal(19);
  });

  it("lets two connections write in turn, and says so when one holds the lock too long", async () => {
    const [first, second] = [await open(), await open([table], 150)];
    const both = [first, second].flatMap((store, who) =>
      Array.from({ length: 50 }, (_, i) =>
        store.tx((tx) => tx.run("INSERT INTO items (n) VALUES (?)", [who * 100 + i])),
      ),
    );
    await Promise.all(both);
    expect(await count(first)).to.equal(100);
    let release = (): void => {};
    const held = first.tx(() => new Promise<void>((resolve) => (release = resolve)));
    await systemClock.sleep(5);
    expect(String(await failure(second.tx((tx) => tx.run("DELETE FROM items"))))).to.match(
      /stayed locked by another process/,
    );
    release();
    await held;
  });

  it("keeps values by key and reports columns of the wrong type", async () => {
    const store = await open();
    await store.tx((tx) => setValue(tx, "a", "k", "1"));
    await store.tx((tx) => setValue(tx, "a", "k", "2"));
    expect(await store.read((tx) => getValue(tx, "a", "k"))).to.equal("2");
    expect(await store.read((tx) => getValue(tx, "b", "k"))).to.equal(undefined);
    await store.tx((tx) => deleteValue(tx, "a", "k"));
    expect(await store.read((tx) => getValue(tx, "a", "k"))).to.equal(undefined);
    expect(() => textOf({ x: 1 }, "x")).to.throw(StoreError, 'column "x" holds number where text belongs');
    expect(() => numberOf({}, "x")).to.throw(StoreError);
  });

  it("applies each migration once and refuses changed, missing and newer ones", async () => {
    const second: Migration = { module: "job", version: 2, sql: ["ALTER TABLE items ADD COLUMN note TEXT"] };
    await (await open()).close();
    await (await open([table, second])).close();
    await (await open([table, second])).close();
    expect(String(await failure(open([table])))).to.match(/written by a newer program \(job 2\)/);
    expect(String(await failure(open([{ ...table, sql: ["CREATE TABLE items (n TEXT)"] }, second])))).to.match(
      /was changed after/,
    );
    expect(String(await failure(open([second])))).to.match(/migration 2 where 1 is due/);
    const broken: Migration = { module: "job", version: 3, sql: ["CREATE TABLE more (n INTEGER)", "CREATE nonsense"] };
    await failure(open([table, second, broken]));
    const store = await open([table, second]);
    const [row] = await store.read((tx) => tx.all("SELECT COUNT(*) AS n FROM sqlite_master WHERE name = 'more'"));
    expect(row?.n, "a failed migration leaves nothing").to.equal(0);
  });

  it("says what is wrong with a file that is no store", async () => {
    writeFileSync(path, "this is not a database, it is a text of some length".repeat(40));
    expect(await failure(open())).to.be.instanceOf(StoreError);
  });

  it("bounds the checkpoints of a cursor: the newest, and sparse anchors", async () => {
    const store = await open();
    for (let height = 0n; height < 400_000n; height += 200n)
      await store.tx((tx) => saveBatch(tx, "c", height, [{ height, hash: "0x01" }], { keep: 8, nowMs: 0 }));
    const heights = (await store.read((tx) => loadCheckpoints(tx, "c"))).map(({ height }) => height);
    expect(heights.length).to.be.within(256, 264);
    expect(heights.at(-1)).to.equal(399_800n);
    expect(heights.slice(-8)[0]).to.equal(398_400n);
    for (const [i, height] of heights.slice(1, -8).entries())
      expect(height - (heights[i] ?? 0n) >= 1_024n).to.equal(true);
  });

  it("gives a lease to one owner at a time, and to the next when it expired", async () => {
    const store = await open();
    const clock = manualClock();
    const [a, b] = ["a", "b"].map((owner) => makeLeases({ store, clock, owner }));
    const first = await a?.acquire("x", 100);
    expect(first?.token).to.equal(1);
    expect(await b?.acquire("x", 100)).to.equal(undefined);
    expect(await a?.acquire("x", 100), "not even to the same owner twice").to.equal(undefined);
    clock.advance(90);
    await first?.renew();
    clock.advance(90);
    expect(await b?.acquire("x", 100)).to.equal(undefined);
    clock.advance(10);
    const second = await b?.acquire("x", 100);
    expect(second?.token).to.equal(2);
    const write = store.tx(async (tx) => {
      await tx.run("INSERT INTO items (n) VALUES (1)");
      await first?.guard(tx);
    });
    expect(await failure(write)).to.be.instanceOf(LeaseLostError);
    expect(await count(store), "nothing was written under the lost lease").to.equal(0);
    await first?.release();
    expect(await a?.acquire("x", 100), "a lost lease cannot release the next one's").to.equal(undefined);
    await second?.release();
    expect((await a?.acquire("x", 100))?.token).to.equal(3);
  });

  it("renews a lease while its work runs and aborts the work when it is lost", async () => {
    const store = await open();
    const deps = { leases: makeLeases({ store, clock: systemClock, owner: "a" }), clock: systemClock };
    const long = await withLease(deps, { name: "long", ttlMs: 60 }, async (_lease, signal) => {
      await systemClock.sleep(250);
      return signal.aborted;
    });
    expect(long?.value, "still held after four times its time to live").to.equal(false);
    const lost = await withLease(deps, { name: "lost", ttlMs: 60 }, async (_lease, signal) => {
      await store.tx((tx) => tx.run("UPDATE leases SET owner = 'thief', token = token + 1 WHERE name = 'lost'"));
      await systemClock.sleep(2_000, signal);
      return signal.aborted;
    });
    expect(lost?.value).to.equal(true);
  });
});
