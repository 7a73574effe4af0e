import { expect } from "chai";
import { loadRow } from "../../../keepers/runtime/outbox.ts";
import { readNonce } from "../../../keepers/runtime/rpc-answers.ts";
import type { RawSender } from "../../../keepers/runtime/tx-send.ts";
import { chainId, devSigner, sendRaw } from "./chain.ts";
import { policy, useTransactions } from "./tx-fixture.ts";

describe("transaction manager", function () {
  this.timeout(60_000);
  const on = useTransactions();

  it("mines an intent once and makes it final after the confirmations", async () => {
    const transactions = on.make();
    const intent = on.hit();
    const id = await transactions.submit(intent);
    expect(await transactions.submit(intent)).to.equal(id);
    expect(await transactions.status(id)).to.deep.equal({
      kind: "pending",
      stage: "queued",
      generation: 1,
      hashes: [],
    });
    const report = await transactions.pass();
    expect(report).to.include({ isWriter: true, started: 1, broadcast: 1, inFlight: 1 });
    await on.chain.mine();
    expect((await transactions.pass()).mined).to.equal(1);
    expect(await transactions.status(id)).to.include({ kind: "mined", final: false });
    await on.chain.mine(2);
    expect((await transactions.pass()).finalized).to.equal(1);
    expect(await transactions.status(id)).to.include({ kind: "mined", final: true });
    expect(await transactions.submit(intent, { again: true })).to.equal(id);
    await on.rounds(transactions, 2);
    expect(await on.probe.hits(on.chain.rpc, intent.n)).to.equal(1n);
  });

  it("sends a hundred intents with consecutive nonces, within its bound of transactions in flight", async () => {
    const transactions = on.make({ policy: { maxInFlight: 40 } });
    const from = await readNonce(on.chain.rpc, transactions.address, "latest");
    const intents = Array.from({ length: 100 }, () => on.hit());
    for (const intent of intents) await transactions.submit(intent);
    expect(await transactions.pass()).to.include({ started: 40, inFlight: 40, queued: 60 });
    await on.rounds(transactions, 5);
    for (const { n } of intents) expect(await on.probe.hits(on.chain.rpc, n)).to.equal(1n);
    expect(await readNonce(on.chain.rpc, transactions.address, "latest")).to.equal(from + 100);
  });

  it("gives what an intent reserves on top of the estimate and its margin, up to the cap", async () => {
    const transactions = on.make({ policy: { gasCap: 900_000n, gasMarginBps: 2_500n } });
    const [plain, more, most] = [on.hit(), on.hit({ reserveGas: 500_000n }), on.hit({ reserveGas: 2_000_000n })];
    const ids = [];
    for (const intent of [plain, more, most]) ids.push(await transactions.submit(intent));
    await transactions.pass();
    const gasOf = async (id: number): Promise<number> => {
      const row = await on.store.read((tx) => loadRow(tx, id));
      return Number(row?.gasLimit);
    };
    const [least = 0, above, capped] = await Promise.all(ids.map(gasOf));
    expect([above, capped]).to.deep.equal([least + 500_000, 900_000]);
    await on.rounds(transactions, 1);
  });

  it("names the contract's error when the simulation refuses, and tries again when asked to", async () => {
    const transactions = on.make();
    await sendRaw(on.chain.rpc, devSigner(9), { to: on.probe.address, data: on.probe.setClosed(true) });
    await on.chain.mine();
    const n = 777n;
    const base = { contract: on.probe.address, action: "hitWhileOpen", data: on.probe.hitWhileOpen(n) };
    const once = await transactions.submit({ ...base, subject: "777 once" });
    const again = await transactions.submit({ ...base, subject: "777 again", retryAfterMs: 10_000 });
    expect((await transactions.pass()).refused).to.equal(2);
    const reason = "ProbeClosed: probe closed (subject = 777)";
    expect(await transactions.status(once)).to.deep.include({ kind: "refused", reason, retryAtMs: undefined });
    expect(await transactions.status(again)).to.deep.include({
      kind: "refused",
      reason,
      retryAtMs: on.clock.now() + 10_000,
    });
    await sendRaw(on.chain.rpc, devSigner(9), { to: on.probe.address, data: on.probe.setClosed(false) });
    await on.chain.mine();
    expect((await transactions.pass()).started, "not before its time").to.equal(0);
    on.clock.advance(10_000);
    await on.rounds(transactions, 1);
    expect(await transactions.status(again)).to.include({ kind: "mined", generation: 1 });
    expect(await transactions.status(once)).to.include({ kind: "refused" });
    await transactions.submit({ ...base, subject: "777 once" });
    await on.rounds(transactions, 1);
    expect(await transactions.status(once), "stays refused unless asked for again").to.include({ kind: "refused" });
    await transactions.submit({ ...base, subject: "777 once" }, { again: true });
    await on.rounds(transactions, 1);
    expect(await transactions.status(once)).to.include({ kind: "mined", generation: 2 });
    expect(await on.probe.hits(on.chain.rpc, n)).to.equal(2n);
  });

  it("is not kept from sending by any number of intents that are refused again and again", async () => {
    const transactions = on.make();
    await sendRaw(on.chain.rpc, devSigner(9), { to: on.probe.address, data: on.probe.setClosed(true) });
    await on.chain.mine();
    for (let i = 0; i < 2 * policy.maxInFlight; i++) {
      const hit = on.hit({ retryAfterMs: 1 });
      await transactions.submit({ ...hit, data: on.probe.hitWhileOpen(hit.n) });
    }
    on.clock.advance(1);
    const good = on.hit();
    const id = await transactions.submit(good);
    for (let i = 0; i < 4; i++) {
      await on.rounds(transactions, 1);
      on.clock.advance(1);
    }
    await sendRaw(on.chain.rpc, devSigner(9), { to: on.probe.address, data: on.probe.setClosed(false) });
    await on.chain.mine();
    expect(await transactions.status(id)).to.include({ kind: "mined" });
  });

  it("is not kept from sending by any number of intents that are refused for good and started anew", async () => {
    const transactions = on.make();
    await sendRaw(on.chain.rpc, devSigner(9), { to: on.probe.address, data: on.probe.setClosed(true) });
    await on.chain.mine();
    const bad = Array.from({ length: policy.maxInFlight }, () => {
      const hit = on.hit();
      return { ...hit, data: on.probe.hitWhileOpen(hit.n) };
    });
    const startAll = async (): Promise<void> => {
      on.clock.advance(1);
      for (const intent of bad) await transactions.submit(intent, { again: true });
    };
    await startAll();
    on.clock.advance(1);
    const id = await transactions.submit(on.hit());
    for (let i = 0; i < 4; i++) {
      await transactions.pass();
      await on.chain.mine();
      await startAll();
    }
    await sendRaw(on.chain.rpc, devSigner(9), { to: on.probe.address, data: on.probe.setClosed(false) });
    await on.chain.mine();
    expect(await transactions.status(id)).to.include({ kind: "mined" });
  });

  it("reports a transaction that passed simulation and reverted in its block, with the reason", async () => {
    const transactions = on.make();
    const id = await transactions.submit({
      contract: on.probe.address,
      subject: "888",
      action: "hitWhileOpen",
      data: on.probe.hitWhileOpen(888n),
    });
    const rival = devSigner(9);
    const price = { maxFeePerGas: 150_000_000_000n, maxPriorityFeePerGas: 50_000_000_000n };
    const nonce = await readNonce(on.chain.rpc, rival.address, "latest");
    const close = { chainId, to: on.probe.address, data: on.probe.setClosed(true), gas: 100_000n, nonce, ...price };
    await transactions.pass();
    await on.chain.rpc.request("eth_sendRawTransaction", [await rival.signTransaction(close)]);
    await on.chain.mine();
    await on.chain.mine();
    expect((await transactions.pass()).reverted).to.equal(1);
    const status = await transactions.status(id);
    expect(status?.kind).to.equal("reverted");
    await sendRaw(on.chain.rpc, rival, { to: on.probe.address, data: on.probe.setClosed(false) });
    await on.chain.mine(2);
    await transactions.pass();
    expect(await transactions.status(id)).to.include({ kind: "reverted", final: true });
    await transactions.submit(
      { contract: on.probe.address, subject: "888", action: "hitWhileOpen", data: on.probe.hitWhileOpen(888n) },
      { again: true },
    );
    await on.rounds(transactions, 1);
    expect(await transactions.status(id)).to.include({ kind: "mined", generation: 2 });
  });

  it("replaces a slow transaction with both fees raised by an eighth, and stops at the cap", async () => {
    const sent: string[] = [];
    const deaf: RawSender = async (raw) => {
      sent.push(raw);
      return { outcome: "accepted", message: "" }; // the node took it and lost it
    };
    const transactions = on.make({ send: deaf });
    const intent = on.hit();
    const id = await transactions.submit(intent);
    for (let i = 0; i < 60; i++) {
      await transactions.pass();
      on.clock.advance(policy.replaceAfterMs);
    }
    const rows = await on.store.read((tx) => tx.all("SELECT max_fee, priority_fee FROM attempts ORDER BY id"));
    expect(rows.length).to.be.greaterThan(8);
    rows.slice(1).forEach((row, i) => {
      for (const column of ["max_fee", "priority_fee"])
        expect(
          BigInt(String(row[column])) * 8n >= BigInt(String(rows[i]?.[column])) * 9n,
          `${column} of attempt ${i + 2}`,
        ).to.equal(true);
      expect(BigInt(String(row.max_fee)) <= (policy.maxFeePerGasCap * 8n) / 9n).to.equal(true);
    });
    const older = sent[3];
    await on.chain.rpc.request("eth_sendRawTransaction", [older]);
    await on.chain.mine();
    await transactions.pass();
    const status = await transactions.status(id);
    expect(status?.kind, "an older attempt was mined").to.equal("mined");
    expect(await on.probe.hits(on.chain.rpc, intent.n)).to.equal(1n);
  });

  it("raises the fees when another transaction with higher fees sits at its nonce", async () => {
    const transactions = on.make();
    const signer = devSigner(on.account);
    const nonce = await readNonce(on.chain.rpc, signer.address, "latest");
    const fees = { maxFeePerGas: 20_000_000_000n, maxPriorityFeePerGas: 2_000_000_000n };
    const other = await signer.signTransaction({ chainId, nonce, to: signer.address, gas: 21_000n, ...fees });
    await on.chain.rpc.request("eth_sendRawTransaction", [other]);
    const intent = on.hit();
    const id = await transactions.submit(intent);
    expect((await transactions.pass()).failures[0]).to.match(/underpriced/);
    let passes = 1;
    while ((await transactions.pass()).failures.length > 0 && passes < 50) passes += 1;
    await on.chain.mine();
    await transactions.pass();
    expect(await transactions.status(id)).to.include({ kind: "mined" });
    expect(await on.probe.hits(on.chain.rpc, intent.n)).to.equal(1n);
  });

  it("cancels a sent transaction by a self-send with its nonce, and an unsent one at once", async () => {
    const transactions = on.make({ policy: { maxInFlight: 1 } });
    const [sent, unsent] = [on.hit(), on.hit()];
    const id = await transactions.submit(sent);
    const unsentId = await transactions.submit(unsent);
    await transactions.pass();
    await transactions.cancel(id, "no longer needed");
    await transactions.cancel(unsentId, "never needed");
    expect(await transactions.status(unsentId)).to.deep.include({
      kind: "cancelled",
      reason: "never needed",
      final: true,
    });
    await on.rounds(transactions, 1);
    expect(await transactions.status(id)).to.deep.include({
      kind: "cancelled",
      reason: "no longer needed",
      final: false,
    });
    await on.rounds(transactions, 2);
    expect(await transactions.status(id)).to.deep.include({ kind: "cancelled", final: true });
    expect(await on.probe.hits(on.chain.rpc, sent.n)).to.equal(0n);
    expect(await on.probe.hits(on.chain.rpc, unsent.n)).to.equal(0n);
  });

  it("cancels what is past its deadline, sent or not", async () => {
    const transactions = on.make({ policy: { maxInFlight: 1 } });
    const deadlineS = Math.floor(on.clock.now() / 1000) + 30;
    const [sent, unsent] = [on.hit({ deadlineS }), on.hit({ deadlineS })];
    const ids = [await transactions.submit(sent), await transactions.submit(unsent)];
    await transactions.pass();
    on.clock.advance(31_000);
    await on.rounds(transactions, 2);
    for (const id of ids)
      expect(await transactions.status(id)).to.deep.include({ kind: "cancelled", reason: "its deadline passed" });
    expect(await on.probe.hits(on.chain.rpc, sent.n)).to.equal(0n);
  });
});
