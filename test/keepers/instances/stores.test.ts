import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Address, Hex } from "viem";
import type { RequestSummary } from "../../../keepers/chain/requests.ts";
import { openInstanceStore, pathBeside } from "../../../keepers/instance-store.ts";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { StoreError } from "../../../keepers/runtime/errors.ts";
import { openSqlite } from "../../../keepers/runtime/sqlite.ts";
import type { Store } from "../../../keepers/runtime/store.ts";
import { makeActions } from "../../../keepers/settler/actions.ts";
import { openScene, type Scene } from "../fixture.ts";

const chainId = 31_337;
const [first, second]: readonly [Address, Address] = [`0x${"a1".repeat(20)}`, `0x${"b2".repeat(20)}`];

describe("The stores of instances", () => {
  let folder: string;
  let path: string;
  const opened: Store[] = [];
  const open = async (file: string): Promise<Store> => {
    const store = await openSqlite({ path: file, clock: systemClock });
    opened.push(store);
    return store;
  };
  /** A start of the program: these instances in this order. Answers to which is in the key's own file. */
  const starts = async (escrows: readonly Address[], mayAdd: boolean): Promise<readonly boolean[]> => {
    const keyStore = await open(path);
    const stores: Store[] = [];
    for (const escrow of escrows)
      stores.push(await openInstanceStore({ keyStore, path, open }, { chainId, escrow, mayAdd }));
    for (const store of opened.splice(0)) await store.close();
    return stores.map((store) => store === keyStore);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "stores-"));
    path = join(folder, "keeper.sqlite");
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("stay the same when a second instance comes, the order changes, and the first one goes", async () => {
    expect(await starts([first], false)).to.deep.equal([true]);
    expect(await starts([second, first], true)).to.deep.equal([false, true]);
    expect(existsSync(join(folder, `keeper.${second}.sqlite`))).to.equal(true);
    expect(await starts([first, second], true)).to.deep.equal([true, false]);
    expect(await starts([second], true)).to.deep.equal([false]);
    expect(await starts([second], false)).to.deep.equal([false]); // settings of one again
  });

  it("are not made by settings of one instance in the place of another's", async () => {
    await starts([first], false);
    const refused = await starts([second], false).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(StoreError);
    expect(String(refused)).to.include("use another store.path");
    expect(existsSync(pathBeside(path, second))).to.equal(false);
  });

  it("are not taken for another's after a file was given another's name", async () => {
    await starts([first, second], true);
    const third: Address = `0x${"c3".repeat(20)}`;
    const keyStore = await open(path);
    const misled = { keyStore, path, open: () => open(pathBeside(path, second)) };
    const refused = await openInstanceStore(misled, { chainId, escrow: third, mayAdd: true }).catch(
      (error: unknown) => error,
    );
    expect(String(refused)).to.include("belongs to the instance");
  });

  it("are apart in memory", async () => {
    const keyStore = await open(":memory:");
    const deps = { keyStore, path: ":memory:", open };
    expect(await openInstanceStore(deps, { chainId, escrow: first, mayAdd: true })).to.equal(keyStore);
    expect(await openInstanceStore(deps, { chainId, escrow: second, mayAdd: true })).not.to.equal(keyStore);
  });
});

describe("Transactions of two instances in one outbox", () => {
  let scene: Scene;
  before(async () => void (scene = await openScene({ nodes: 0 })));
  after(() => scene.close());

  const id: Hex = `0x${"07".repeat(32)}`;
  const isOpen = { requestId: id, state: "open" } as RequestSummary; // as far as it is looked at

  it("are called off by their own instance only", async () => {
    const { store, transactions, clock, instance } = await scene.open();
    const own = makeActions({ store, transactions, clock, escrow: instance.escrow });
    const other = makeActions({ store, transactions, clock, escrow: second });
    const outboxId = await other.submit("settle", [id], {
      contract: second,
      subject: id,
      action: "settle",
      data: "0x",
    });
    expect([...(await own.reconcile([], 1n))]).to.deep.equal([]); // to this one the request is unknown
    expect((await transactions.status(outboxId))?.kind).to.equal("pending");
    expect([...(await other.reconcile([isOpen], 1n))]).to.deep.equal([`settle ${id}`]);
    await other.reconcile([], 1n); // it is gone here too
    expect((await transactions.status(outboxId))?.kind).to.equal("cancelled");
  });
});
