/** What the tests of the transaction manager share: a chain, a store of its own per test, and managers on them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeLeases } from "../../../keepers/runtime/lease.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";
import type { FailoverRpc } from "../../../keepers/runtime/rpc.ts";
import { openSqlite } from "../../../keepers/runtime/sqlite.ts";
import type { Store } from "../../../keepers/runtime/store.ts";
import { makeTransactions, type Transactions } from "../../../keepers/runtime/transactions.ts";
import { makeTxChain } from "../../../keepers/runtime/tx-chain.ts";
import { makeRawSender, type RawSender } from "../../../keepers/runtime/tx-send.ts";
import { defaultTxPolicy, type Intent, type TxPolicy } from "../../../keepers/runtime/tx-types.ts";
import { chainId, deployProbe, devSigner, type LocalChain, type Probe, startChain } from "./chain.ts";
import { manualClock, type ManualClock } from "./clock.ts";

export const policy: TxPolicy = { ...defaultTxPolicy, confirmations: 3, maxFeePerGasCap: 200_000_000_000n };

export type TxFixture = {
  chain: LocalChain;
  probe: Probe;
  clock: ManualClock;
  store: Store;
  /** Index of the account that the managers of this test sign with. */
  account: number;
  make(changes?: { policy?: Partial<TxPolicy>; send?: RawSender; rpc?: FailoverRpc }): Transactions;
  /** An intent that hits the probe with a subject `n` of its own. */
  hit(changes?: Partial<Intent>): Intent & { n: bigint };
  /** Passes, each followed by a block and a second; one more pass at the end. */
  rounds(transactions: Transactions, count: number): Promise<void>;
};

/** Registers the hooks in the enclosing `describe`; the returned object is filled before its tests run. */
export const useTransactions = (): TxFixture => {
  let lastOwner = 0;
  let lastSubject = 0n;
  let folder: string;
  const methods: Pick<TxFixture, "make" | "hit" | "rounds"> = {
    make: (changes = {}) =>
      makeTransactions({
        chainId,
        store: on.store,
        clock: on.clock,
        log: silentLog,
        leases: makeLeases({ store: on.store, clock: on.clock, owner: `owner-${++lastOwner}` }),
        signer: devSigner(on.account),
        chain: makeTxChain({ rpc: changes.rpc ?? on.chain.rpc, abis: [on.probe.abi] }),
        send: changes.send ?? makeRawSender(changes.rpc ?? on.chain.rpc),
        policy: { ...policy, ...changes.policy },
      }),
    hit: (changes = {}) => {
      const n = ++lastSubject;
      return { contract: on.probe.address, subject: String(n), action: "hit", data: on.probe.hit(n), n, ...changes };
    },
    rounds: async (transactions, count) => {
      for (let i = 0; i < count; i++) {
        await transactions.pass();
        await on.chain.mine();
        on.clock.advance(1_000);
      }
      await transactions.pass();
    },
  };
  const on = { account: 0, ...methods } as TxFixture;

  before(async () => {
    on.chain = await startChain();
    on.probe = await deployProbe(on.chain);
  });
  after(() => on.chain.close());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "atoma-tx-"));
    on.clock = manualClock();
    on.store = await openSqlite({ path: join(folder, "store.db"), clock: on.clock });
    on.account = (on.account + 1) % 9;
    await on.chain.setAutomine(false);
  });
  afterEach(async () => {
    await on.store.close();
    rmSync(folder, { recursive: true });
    await on.chain.mine(); // empties the pool
  });
  return on;
};
