import { expect } from "chai";
import type { Hex } from "viem";
import { makeRpc } from "../../../keepers/runtime/rpc.ts";
import { readNonce, readReceipt } from "../../../keepers/runtime/rpc-answers.ts";
import { makeRawSender, type RawSender } from "../../../keepers/runtime/tx-send.ts";
import { chainId, devSigner, sendRaw } from "./chain.ts";
import { randomFault, seeded, startProxy } from "./proxy.ts";
import { policy, useTransactions } from "./tx-fixture.ts";

describe("transaction manager in trouble", function () {
  this.timeout(60_000);
  const on = useTransactions();

  it("sends a mined transaction again after a reorganisation dropped it", async () => {
    const transactions = on.make();
    const revert = await on.chain.snapshot();
    const intents = [on.hit(), on.hit(), on.hit()];
    const ids = await Promise.all(intents.map((intent) => transactions.submit(intent)));
    await on.rounds(transactions, 1);
    expect(await transactions.status(ids[2] ?? 0)).to.include({ kind: "mined", final: false });
    await revert();
    await on.chain.mine(2);
    const report = await transactions.pass();
    expect(report.dropped).to.equal(3);
    expect(await transactions.status(ids[0] ?? 0)).to.include({ kind: "pending", stage: "sent" });
    await on.rounds(transactions, 3);
    for (const [i, id] of ids.entries()) {
      expect(await transactions.status(id)).to.include({ kind: "mined", final: true, generation: 1 });
      expect(await on.probe.hits(on.chain.rpc, intents[i]?.n ?? 0n)).to.equal(1n);
    }
  });

  it("recovers when a reorganisation deeper than the confirmations drops what was final", async () => {
    const transactions = on.make();
    const revert = await on.chain.snapshot();
    const intent = on.hit();
    const id = await transactions.submit(intent);
    await on.rounds(transactions, 4);
    expect(await transactions.status(id)).to.include({ kind: "mined", final: true });
    await revert();
    await on.chain.mine(9);
    await on.rounds(transactions, 1);
    expect(await transactions.status(id)).to.include({ kind: "mined" });
    expect(await on.probe.hits(on.chain.rpc, intent.n)).to.equal(1n);
  });

  it("sees that a transaction failed on the branch to which a deep reorganisation moved it, and does the action anew", async () => {
    const revert = await on.chain.snapshot();
    let raw: Hex | undefined;
    const send: RawSender = (one) => ((raw ??= one), makeRawSender(on.chain.rpc)(one));
    const transactions = on.make({ send });
    const hit = on.hit({ gas: 200_000n });
    const intent = { ...hit, data: on.probe.hitWhileOpen(hit.n) };
    const id = await transactions.submit(intent);
    await on.rounds(transactions, 4);
    expect(await transactions.status(id)).to.include({ kind: "mined", final: true });
    const sent = raw ?? expect.fail("nothing was sent");
    await revert();
    await sendRaw(on.chain.rpc, devSigner(9), { to: on.probe.address, data: on.probe.setClosed(true) });
    await on.chain.mine();
    await on.chain.rpc.request("eth_sendRawTransaction", [sent]);
    await on.chain.mine(5);
    await transactions.pass();
    expect(await transactions.status(id)).to.include({ kind: "reverted", final: true });
    const again = await transactions.submit(intent, { again: true });
    expect(await transactions.status(again)).to.include({ kind: "pending", generation: 2 });
    await sendRaw(on.chain.rpc, devSigner(9), { to: on.probe.address, data: on.probe.setClosed(false) });
    await on.chain.mine();
    await on.rounds(transactions, 1);
    expect(await on.probe.hits(on.chain.rpc, intent.n)).to.equal(1n);
  });

  it("sends again what a reorganisation took away before it was seen mined", async () => {
    const revert = await on.chain.snapshot();
    const transactions = on.make();
    const intent = on.hit();
    const id = await transactions.submit(intent);
    await transactions.pass();
    await on.chain.mine();
    await revert(); // the node has never heard of it now
    await on.chain.mine();
    on.clock.advance(policy.rebroadcastAfterMs - 1);
    expect((await transactions.pass()).broadcast, "not before its time").to.equal(0);
    on.clock.advance(1);
    expect((await transactions.pass()).broadcast).to.equal(1);
    await on.rounds(transactions, 1);
    expect(await transactions.status(id)).to.include({ kind: "mined" });
    expect(await on.probe.hits(on.chain.rpc, intent.n)).to.equal(1n);
  });

  it("gives an action a new nonce once something else has used its nonce for good, and says so", async () => {
    const lossy: RawSender = async () => ({ outcome: "unknown", message: "timeout" });
    const first = on.make({ send: lossy });
    const intent = on.hit();
    const id = await first.submit(intent);
    await first.pass();
    await first.stop();
    await sendRaw(on.chain.rpc, devSigner(on.account), { to: devSigner(9).address, data: "0x" });
    await on.chain.mine();
    const transactions = on.make();
    await transactions.pass();
    expect(await transactions.status(id)).to.include({ kind: "pending", stage: "sent" });
    await on.chain.mine(3);
    await transactions.pass();
    expect(await transactions.status(id), "not before the wait is over").to.include({ stage: "sent" });
    on.clock.advance(policy.displacedAfterMs);
    expect((await transactions.pass()).foreignNonces).to.equal(1);
    await on.rounds(transactions, 1);
    expect(await transactions.status(id)).to.include({ kind: "mined" });
    expect(await on.probe.hits(on.chain.rpc, intent.n)).to.equal(1n);
  });

  it("adopts the chain's nonce after the key was used elsewhere", async () => {
    const transactions = on.make();
    await transactions.submit(on.hit());
    await on.rounds(transactions, 1);
    await sendRaw(on.chain.rpc, devSigner(on.account), { to: devSigner(9).address, data: "0x" });
    await on.chain.mine();
    expect((await transactions.pass()).foreignNonces).to.equal(1);
    const intent = on.hit();
    const id = await transactions.submit(intent);
    await on.rounds(transactions, 1);
    expect(await transactions.status(id)).to.include({ kind: "mined" });
  });

  it("sends what is in flight again, as it was signed, after a restart", async () => {
    const first = on.make();
    await first.submit(on.hit());
    await first.pass();
    expect((await first.pass()).broadcast, "no need to, while the same process runs").to.equal(0);
    await first.stop();
    const raws: string[] = [];
    const real = makeRawSender(on.chain.rpc);
    const second = on.make({ send: (raw) => real((raws.push(raw), raw)) });
    expect(await second.pass()).to.include({ broadcast: 1, started: 0, replaced: 0 });
    const [row] = await on.store.read((tx) => tx.all("SELECT raw FROM attempts"));
    expect(raws).to.deep.equal([row?.raw]);
  });

  it("does nothing twice when the node takes a transaction and its answer is lost", async () => {
    const real = makeRawSender(on.chain.rpc);
    let calls = 0;
    const transactions = on.make({
      send: async (raw) => {
        const result = await real(raw);
        return ++calls === 1 ? { outcome: "unknown", message: "no answer in time" } : result;
      },
    });
    const intent = on.hit();
    const id = await transactions.submit(intent);
    expect((await transactions.pass()).failures).to.have.length(1);
    expect((await transactions.pass()).failures, "already known counts as accepted").to.have.length(0);
    await on.rounds(transactions, 1);
    expect(calls).to.equal(2);
    expect(await transactions.status(id)).to.include({ kind: "mined" });
    expect(await on.probe.hits(on.chain.rpc, intent.n)).to.equal(1n);
  });

  it("finds its transaction when a node mines it and answers with an error", async () => {
    await on.chain.setAutomine(true); // an automining node answers with the revert of what it has just mined
    const real = makeRawSender(on.chain.rpc);
    const close = (value: boolean): Promise<unknown> =>
      sendRaw(on.chain.rpc, devSigner(9), { to: on.probe.address, data: on.probe.setClosed(value) });
    const transactions = on.make({
      send: async (raw) => {
        await close(true);
        return real(raw);
      },
    });
    const id = await transactions.submit({ ...on.hit(), data: on.probe.hitWhileOpen(5n) });
    const report = await transactions.pass();
    expect(report.failures[0]).to.match(/sending ended as unknown.*revert/i);
    expect((await transactions.pass()).reverted).to.equal(1);
    expect(await transactions.status(id)).to.include({ kind: "reverted" });
    await close(false);
  });

  it("does everything once while the RPC fails in every way that it can", async function () {
    this.timeout(60_000);
    const random = seeded(11);
    const proxy = await startProxy(on.chain.url);
    let faults = 0;
    proxy.fault = () => {
      const fault = random() < 0.15 ? randomFault(random) : undefined;
      if (fault?.kind === "hang") return undefined;
      faults += Number(fault !== undefined);
      return fault;
    };
    const rpc = makeRpc({ urls: [proxy.url], chainId, clock: on.clock, restMs: 1 });
    const transactions = on.make({ rpc, policy: { confirmations: 2, retryAfterMs: 500 } });
    const from = await readNonce(on.chain.rpc, transactions.address, "latest");
    const intents = Array.from({ length: 30 }, () => on.hit());
    const ids = await Promise.all(intents.map((intent) => transactions.submit(intent)));
    let failedPasses = 0;
    for (let i = 0; i < 120; i++) {
      await transactions.pass().catch(() => failedPasses++);
      await on.chain.mine();
      on.clock.advance(5_000);
    }
    await proxy.close();
    for (const [i, id] of ids.entries()) {
      expect(await transactions.status(id), `intent ${i}`).to.include({ kind: "mined", final: true });
      expect(await on.probe.hits(on.chain.rpc, intents[i]?.n ?? 0n)).to.equal(1n);
    }
    expect(await readNonce(on.chain.rpc, transactions.address, "latest"), "no nonce was wasted").to.equal(from + 30);
    expect(faults).to.be.greaterThan(40);
    console.log(`      ${faults} faults, ${failedPasses} of 120 passes failed, 30 intents mined once each`);
  });

  it("has one writer: a second process does nothing until the first stops or its lease expires", async () => {
    const [first, second] = [on.make(), on.make()];
    await first.submit(on.hit());
    expect((await first.pass()).isWriter).to.equal(true);
    expect((await second.pass()).isWriter).to.equal(false);
    on.clock.advance(policy.leaseTtlMs + 1);
    expect((await second.pass()).isWriter).to.equal(true);
    await second.submit(on.hit());
    expect((await first.pass()).isWriter, "the first one lost it").to.equal(false);
    await second.stop();
    expect((await first.pass()).isWriter).to.equal(true);
    await on.rounds(first, 1);
    expect((await first.pass()).inFlight).to.equal(0);
  });

  it("takes over new content for a key while it is unsent, and never after", async () => {
    const transactions = on.make();
    const intent = on.hit();
    const id = await transactions.submit({ ...intent, data: on.probe.hit(99_999n) });
    await transactions.submit(intent);
    await transactions.pass();
    await transactions.submit({ ...intent, data: on.probe.hit(99_999n) });
    await on.rounds(transactions, 1);
    expect(await transactions.status(id)).to.include({ kind: "mined" });
    expect(await on.probe.hits(on.chain.rpc, intent.n)).to.equal(1n);
    expect(await on.probe.hits(on.chain.rpc, 99_999n)).to.equal(0n);
    expect(await readReceipt(on.chain.rpc, `0x${"00".repeat(32)}`)).to.equal(undefined);
  });
});
