/**
 * The process that the kill test kills: a keeper that submits a few intents, sends them, and counts the events with a
 * cursor. With `crashAt` > 0 it kills itself right before or after its n-th write or send.
 */
import { encodeFunctionData, type Hex, parseAbi, toEventSelector } from "viem";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { makeCursor } from "../../../keepers/runtime/cursor.ts";
import type { CursorConsumer } from "../../../keepers/runtime/cursor-types.ts";
import { makeLeases } from "../../../keepers/runtime/lease.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";
import { makeRpc } from "../../../keepers/runtime/rpc.ts";
import { privateKeySigner } from "../../../keepers/runtime/signer.ts";
import { openSqlite } from "../../../keepers/runtime/sqlite.ts";
import type { Store } from "../../../keepers/runtime/store.ts";
import { makeTransactions } from "../../../keepers/runtime/transactions.ts";
import { makeTxChain } from "../../../keepers/runtime/tx-chain.ts";
import { makeRawSender, type RawSender } from "../../../keepers/runtime/tx-send.ts";
import { defaultTxPolicy } from "../../../keepers/runtime/tx-types.ts";

export type ChildOptions = {
  url: string;
  chainId: number;
  key: Hex;
  storePath: string;
  probe: Hex;
  /** Subjects to submit; none in the last life, which only finishes what is stored. */
  subjects: readonly number[];
  crashAt: number;
};

const abi = parseAbi([
  "function hit(uint256 subject, uint256 value)",
  "event Hit(uint256 indexed subject, uint256 value)",
]);
const options = JSON.parse(process.argv[2] ?? "{}") as ChildOptions;
const clock = systemClock;
let operations = 0;
const mayCrash = (): void => {
  if (++operations === options.crashAt) process.kill(process.pid, "SIGKILL");
};

const counter: CursorConsumer = {
  apply: async (tx, logs) => {
    await tx.runMany(
      "INSERT INTO seen (subject, height, log_index) VALUES (?, ?, ?)",
      logs.map((log) => [Number(BigInt(log.topics[1] ?? "0x0")), log.blockNumber, log.logIndex]),
    );
  },
  rollback: async (tx, height) => void (await tx.run("DELETE FROM seen WHERE height > ?", [height])),
};

const main = async (): Promise<void> => {
  const { url, chainId, storePath, probe, subjects } = options;
  const sql = ["CREATE TABLE seen (subject INTEGER NOT NULL, height BIGINT NOT NULL, log_index INTEGER NOT NULL)"];
  const opened = await openSqlite({ path: storePath, clock, migrations: [{ module: "kill", version: 1, sql }] });
  const store: Store = {
    ...opened,
    tx: async (fn) => {
      mayCrash();
      const result = await opened.tx(fn);
      mayCrash();
      return result;
    },
  };
  const rpc = makeRpc({ urls: [url], chainId, clock });
  const real = makeRawSender(rpc);
  const send: RawSender = async (raw) => {
    mayCrash();
    const result = await real(raw);
    mayCrash();
    return result;
  };
  const transactions = makeTransactions({
    chainId,
    store,
    clock,
    log: silentLog,
    leases: makeLeases({ store, clock, owner: `${process.pid} ${Date.now()}` }),
    signer: privateKeySigner(options.key),
    chain: makeTxChain({ rpc }),
    send,
    policy: {
      ...defaultTxPolicy,
      confirmations: 2,
      replaceAfterMs: 120,
      rebroadcastAfterMs: 60,
      displacedAfterMs: 300,
      leaseTtlMs: 100,
      maxInFlight: 4,
    },
  });
  const filter = { address: probe, topics: [toEventSelector("Hit(uint256,uint256)")] };
  const cursor = makeCursor(
    { store, rpc, clock, log: silentLog, consumers: [counter] },
    { name: "seen", filter, startBlock: 0n, mode: "latest" },
  );
  for (const subject of subjects) {
    const data = encodeFunctionData({ abi, functionName: "hit", args: [BigInt(subject), 0n] });
    await transactions.submit({ contract: probe, subject: String(subject), action: "hit", data });
    process.stdout.write(`submitted ${subject}\n`);
  }
  for (;;) {
    const report = await transactions.pass();
    await cursor.pass();
    const [open] = await store.read((tx) => tx.all("SELECT COUNT(*) AS n FROM outbox WHERE final = 0"));
    if (report.isWriter && open?.n === 0) break;
    await clock.sleep(10);
  }
  await cursor.pass();
  await transactions.stop();
  await store.close();
  process.stdout.write("finished\n");
};

await main();
