import { expect } from "chai";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { NodeUnsyncedError } from "../../../keepers/runtime/errors.ts";
import { makeRangeSizer } from "../../../keepers/runtime/cursor-fetch.ts";
import { type Cursor, makeCursor } from "../../../keepers/runtime/cursor.ts";
import type { CursorConsumer, CursorOptions } from "../../../keepers/runtime/cursor-types.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";
import { makeRpc } from "../../../keepers/runtime/rpc.ts";
import { readBlock, readNonce } from "../../../keepers/runtime/rpc-answers.ts";
import { openSqlite } from "../../../keepers/runtime/sqlite.ts";
import type { Store } from "../../../keepers/runtime/store.ts";
import { chainId, deployProbe, devSigner, type LocalChain, type Probe, sendRaw, startChain } from "./chain.ts";
import { allEvents, eventConsumer, eventTable } from "./event-table.ts";
import { type Proxy, randomFault, seeded, startProxy } from "./proxy.ts";

const reorgRuns = Number(process.env.ATOMA_REORGS ?? 48);
const user = devSigner(2);

describe("log cursor", function () {
  this.timeout(60_000);
  let chain: LocalChain;
  let probe: Probe;
  let proxy: Proxy;
  const stores: Store[] = [];

  before(async () => {
    chain = await startChain();
    probe = await deployProbe(chain);
    proxy = await startProxy(chain.url);
  });
  after(async () => {
    await proxy.close();
    await chain.close();
  });
  beforeEach(() => {
    proxy.fault = () => undefined;
    proxy.calls.length = 0;
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  const freshStore = async (): Promise<Store> => {
    const store = await openSqlite({ path: ":memory:", clock: systemClock, migrations: [eventTable] });
    stores.push(store);
    return store;
  };
  const cursorOn = (
    store: Store,
    options: Partial<CursorOptions> = {},
    consumer: CursorConsumer = eventConsumer,
  ): Cursor =>
    makeCursor(
      {
        store,
        rpc: makeRpc({ urls: [proxy.url], chainId, clock: systemClock, timeoutMs: 1_500, restMs: 1 }),
        clock: systemClock,
        log: silentLog,
        consumers: [consumer],
      },
      { name: "events", filter: { address: probe.address }, startBlock: 0n, mode: "latest", ...options },
    );
  const headNumber = async (): Promise<bigint> => (await readBlock(chain.rpc, "latest"))?.number ?? 0n;
  const burst = (first: number, count: number): Promise<string> =>
    sendRaw(chain.rpc, user, { to: probe.address, data: probe.burst(BigInt(first), BigInt(count)) });

  it("reads every event once, over ranges and block by block, and follows the head", async () => {
    const store = await freshStore();
    const cursor = cursorOn(store, { depth: 4, maxRange: 3 });
    for (let i = 0; i < 20; i++) await burst(i * 10, 3);
    const report = await cursor.pass();
    expect(report).to.include({ logs: 60, isCaughtUp: true, rolledBack: undefined, height: await headNumber() });
    expect((await cursor.pass()).logs, "nothing new").to.equal(0);
    await burst(1_000, 5);
    await chain.mine(7);
    expect((await cursor.pass()).logs).to.equal(5);
    expect(await allEvents(store)).to.have.length(65);
    expect(await cursor.height()).to.equal(await headNumber());
  });

  it("stays behind the head by the confirmations asked for", async () => {
    const cursor = cursorOn(await freshStore(), { confirmations: 3 });
    await chain.mine(5);
    expect((await cursor.pass()).height).to.equal((await headNumber()) - 3n);
    expect((await cursorOn(await freshStore(), { mode: "finalized" }).pass()).isCaughtUp).to.equal(true);
  });

  it("commits effects and position together: a consumer that fails leaves no trace", async () => {
    const store = await freshStore();
    let fails = 2;
    const faulty: CursorConsumer = {
      ...eventConsumer,
      apply: async (tx, logs, range) => {
        await eventConsumer.apply(tx, logs, range);
        if (fails-- > 0) throw new Error("consumer failed");
      },
    };
    const cursor = cursorOn(store, { depth: 4, maxRange: 3 }, faulty);
    for (let i = 0; i < 2; i++) {
      const error = await cursor.pass().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(Error).with.property("message", "consumer failed");
      expect(await cursor.height()).to.equal(-1n);
      expect(await allEvents(store)).to.have.length(0);
    }
    await cursor.pass();
    const clean = await freshStore();
    await cursorOn(clean).pass();
    expect(await allEvents(store)).to.deep.equal(await allEvents(clean));
  });

  it(`ends in the state of a run without reorganisations after ${reorgRuns} of them, 1 to 32 blocks deep`, async function () {
    this.timeout(30_000 + reorgRuns * 2_000);
    const random = seeded(20_261_120);
    const pick = (n: number): number => Math.floor(random() * n);
    const [deep, shallow] = [await freshStore(), await freshStore()];
    const cursors = [cursorOn(deep), cursorOn(shallow, { depth: 3, maxRange: 5 })];
    const passAll = async (): Promise<void> => {
      for (const cursor of cursors)
        await cursor.pass().catch((error: unknown) => {
          if (!(error instanceof NodeUnsyncedError)) throw error; // the shallow one, while the chain is shorter
        });
    };
    /** `blocks` blocks, a few with events: on the other branch the same sequence carries other content or moves. */
    const branch = async (blocks: number, isOther: boolean): Promise<void> => {
      const nonce = await readNonce(chain.rpc, user.address, "latest");
      let sent = 0;
      for (let left = blocks; left > 0;) {
        if (sent < 4 && random() < 0.4) {
          const data =
            random() < 0.5
              ? probe.hit(BigInt(sent), BigInt(isOther ? pick(1_000) : 7))
              : probe.burst(BigInt(pick(9)), BigInt(pick(4)));
          await sendRaw(chain.rpc, user, { to: probe.address, data, nonce: nonce + sent++ });
          left -= 1;
        } else {
          const empty = Math.min(left, 1 + pick(6));
          await chain.mine(empty);
          left -= empty;
        }
        if (random() < 0.3) await passAll();
      }
    };
    let undone = 0;
    for (let run = 0; run < reorgRuns; run++) {
      const depth = 1 + (run % 32);
      await branch(1 + pick(3), false);
      const revert = await chain.snapshot();
      await branch(depth, false);
      await passAll();
      const dead = await readBlock(chain.rpc, "latest");
      await revert();
      const deadHash = dead?.hash;
      await branch(Math.max(1, depth - 2 + pick(5)), true);
      await passAll();
      await chain.mine(3); // a chain that got shorter is told from a lagging node once it has grown
      for (const cursor of cursors) expect((await cursor.pass()).height).to.equal(await headNumber());
      undone += Number((await readBlock(chain.rpc, dead?.number ?? 0n))?.hash !== deadHash);
      if (run % 8 !== 7 && run !== reorgRuns - 1) continue;
      const clean = await freshStore();
      await cursorOn(clean).pass();
      const expected = await allEvents(clean);
      expect(await allEvents(deep), `run ${run}, deep`).to.deep.equal(expected);
      expect(await allEvents(shallow), `run ${run}, shallow`).to.deep.equal(expected);
    }
    console.log(
      `      ${undone} reorganisations, ${(await allEvents(deep)).length} events, state equal to a clean run`,
    );
  });

  it("waits when the node lags behind what was applied, and undoes nothing", async () => {
    const store = await freshStore();
    const cursor = cursorOn(store);
    await burst(1, 2);
    await chain.mine(3);
    await cursor.pass();
    const events = await allEvents(store);
    const old = await chain.rpc.request("eth_getBlockByNumber", [
      `0x${((await headNumber()) - 2n).toString(16)}`,
      false,
    ]);
    proxy.fault = ({ method, params }) =>
      method === "eth_getBlockByNumber" && params[0] === "latest" ? { kind: "result", result: old } : undefined;
    expect(await cursor.pass()).to.include({ rolledBack: undefined, logs: 0 });
    expect(await allEvents(store)).to.deep.equal(events);
  });

  it("splits ranges that the node refuses and grows them again", async () => {
    const limit = 7n;
    proxy.fault = ({ method, params }) => {
      const { fromBlock, toBlock } = (params[0] ?? {}) as { fromBlock?: string; toBlock?: string };
      if (method !== "eth_getLogs" || fromBlock === undefined || toBlock === undefined) return undefined;
      return BigInt(toBlock) - BigInt(fromBlock) < limit
        ? undefined
        : { kind: "error", code: -32602, message: "block range too large" };
    };
    const store = await freshStore();
    await cursorOn(store, { depth: 2, maxRange: 100 }).pass();
    const clean = await freshStore();
    await cursorOn(clean).pass();
    expect(await allEvents(store)).to.deep.equal(await allEvents(clean));

    const sizer = makeRangeSizer(64, 100);
    sizer.refused(64n);
    expect(sizer.size()).to.equal(32n);
    sizer.answered(32n, 0);
    sizer.answered(64n, 0);
    expect(sizer.size()).to.equal(64n);
    sizer.answered(64n, 6_400);
    expect(sizer.size()).to.equal(1n);
  });

  it("survives whatever the RPC sends and still ends in the right state", async function () {
    this.timeout(120_000);
    const random = seeded(7);
    const store = await freshStore();
    const cursor = cursorOn(store, { depth: 16, maxRange: 20 });
    let faults = 0;
    let failed = 0;
    let hangs = 0;
    proxy.fault = () => {
      if (random() > 0.1) return undefined;
      const fault = randomFault(random);
      if (fault.kind === "hang" && hangs++ > 2) return undefined; // each costs a whole timeout
      faults += 1;
      return fault;
    };
    for (let i = 0; i < 400; i++) {
      if (i % 10 === 0) await burst(i, 2);
      await cursor.pass().catch(() => failed++);
      if (faults > 60 && failed > 20) break;
    }
    proxy.fault = () => undefined;
    await cursor.pass();
    const clean = await freshStore();
    await cursorOn(clean).pass();
    expect(await allEvents(store)).to.deep.equal(await allEvents(clean));
    expect(faults).to.be.greaterThan(30);
    console.log(`      ${faults} faults, ${failed} passes failed, state equal to a clean run`);
  });
});
