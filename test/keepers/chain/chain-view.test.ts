import { expect } from "chai";
import { zeroAddress } from "viem";
import { settlementOf } from "../../../deploy/local/committee.ts";
import { labelledKey } from "../../../deploy/local/world.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { randomnessOf } from "../../../sdk/drand/word.ts";
import { signerConsentData } from "../../../sdk/agreement/signer-consent.ts";
import { hireConsumer, consumerAsks, moods } from "../../helpers/consumer.ts";
import { ask, askAndPost, post, sampleOutput, settle } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";

describe("chain view", () => {
  let scene: Scene;
  let parts: Parts;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
    parts = await scene.open();
  });
  afterEach(() => restore());

  const settlementFor = async (request: Awaited<ReturnType<typeof ask>>) =>
    settlementOf(scene.market.world, scene.market.nodes, request, { output: sampleOutput });

  it("shows nodes, tasks, snapshots and the head as the contracts do", async () => {
    const { market } = scene;
    const { chain } = parts;
    await chain.sync();
    const node = await chain.node(3n);
    expect(node).to.deep.equal({
      nodeId: 3n,
      owner: market.owner.address,
      signer: market.nodes[2]?.signer.address,
      endpoint: "",
    });
    expect(await chain.nodeOfSigner(market.nodes[2]?.signer.address ?? zeroAddress)).to.deep.equal(node);
    expect(await chain.node(13n)).to.equal(undefined);
    expect(await chain.nodeOfSigner(zeroAddress)).to.equal(undefined);
    const task = await chain.task(market.taskId);
    expect(task).to.deep.include({ kind: "wasm", windowS: 30n, maxOutputBytes: 1_024n, deprecated: false });
    expect(await chain.tasks()).to.deep.equal([task]);
    const request = await ask(market);
    await chain.sync();
    const { entries, header } = await chain.snapshot(request.fields.snapshotId);
    expect(entries).to.have.length(12);
    expect(header.id).to.equal(market.taskId);
    const pool = await chain.pool(market.taskId, header.publishedAtS);
    expect(pool).to.deep.include({ activeSubscribers: 12n, hasChanged: false });
    expect(pool.snapshot?.snapshotId).to.equal(request.fields.snapshotId);
    const block = await market.world.chain.getBlock();
    expect(await chain.head()).to.deep.equal({ blockNumber: block.number, timestampS: block.timestamp });
  });

  it("follows a request from its making to its settlement", async () => {
    const { market } = scene;
    const { chain } = parts;
    const request = await ask(market);
    await chain.sync();
    const [open] = await chain.activeRequests();
    expect(open).to.deep.include({ requestId: request.requestId, words: request.words, data: "0x1234", state: "open" });
    expect(open?.fields).to.deep.equal(request.fields);
    expect(await chain.round(request.fields.round)).to.equal(undefined);
    await post(market, request);
    await chain.sync();
    const round = await chain.round(request.fields.round);
    expect(round?.randomness).to.equal(randomnessOf(market.world.beacon.sign(request.fields.round)));
    const transaction = await settle(market, await settlementFor(request));
    await chain.sync();
    expect(await chain.activeRequests()).to.deep.equal([]);
    const settled = await chain.request(request.requestId);
    expect(settled?.state).to.equal("settled");
    expect(settled?.outcome).to.deep.include({ transactionHash: transaction.hash, callbackFailed: false });
  });

  it("shows recorded outcomes, refunds, and callbacks that failed until they are delivered", async () => {
    const { market } = scene;
    const { chain } = parts;
    const recorded = await askAndPost(market, { challengeWindow: 5n });
    await settle(market, await settlementFor(recorded));
    const consumer = await hireConsumer(market);
    const failed = await consumerAsks(market, consumer);
    await consumer.setMood(moods.reverting);
    const failedSettlement = await settlementFor(failed);
    await settle(market, failedSettlement);
    await chain.sync();
    const [first, second, ...rest] = await chain.activeSummaries();
    expect(rest).to.deep.equal([]);
    expect(first).to.deep.include({ requestId: recorded.requestId, state: "recorded" });
    expect(first?.outcome?.settler?.toLowerCase()).to.equal(market.settler.address.toLowerCase());
    expect(first?.outcome?.finalizeAfterS).to.equal(
      ((await market.escrow.slotOf(market.requester, 0n)) >> 8n) & 0xffff_ffffn,
    );
    expect(second).to.deep.include({ requestId: failed.requestId, state: "settled" });
    expect(second?.callbackFailedMs).to.be.a("number");
    await consumer.setMood(moods.quiet);
    await market.escrow.retryCallback(failedSettlement);
    await chain.sync();
    expect((await chain.activeRequests()).map(({ requestId }) => requestId)).to.deep.equal([recorded.requestId]);
  });

  it("takes back exactly what a reorganisation takes back, and reads what replaces it", async () => {
    const { market } = scene;
    const { chain } = parts;
    const settledBefore = await askAndPost(market);
    const rewind = await scene.snapshot();
    const lost = await askAndPost(market, { slot: 1n });
    await settle(market, await settlementFor(settledBefore), await settlementFor(lost));
    await market.taskRegistry.setArtifactUri(market.taskId, "lost");
    await market.taskRegistry.publishSnapshot(market.taskId);
    await chain.sync();
    expect((await chain.request(settledBefore.requestId))?.state).to.equal("settled");
    expect((await chain.task(market.taskId))?.artifactUri).to.equal("lost");
    await rewind();
    const other = await ask(market, { slot: 1n, units: 99n });
    expect(other.fields.sequence).to.equal(lost.fields.sequence);
    await scene.mine(8);
    const report = await chain.sync();
    expect(report.rolledBack).to.not.equal(undefined);
    expect(await chain.request(lost.requestId)).to.equal(undefined);
    expect((await chain.request(settledBefore.requestId))?.state).to.equal("open");
    expect((await chain.request(settledBefore.requestId))?.outcome).to.equal(undefined);
    expect((await chain.request(other.requestId))?.state).to.equal("open");
    expect((await chain.task(market.taskId))?.artifactUri).to.equal("");
    expect(await chain.round(lost.fields.round)).to.equal(undefined);
    expect((await chain.pool(market.taskId, 2n ** 40n)).snapshot?.snapshotId).to.equal(other.fields.snapshotId);
  });

  it("equals, after reorganisations of every depth up to 32, a view that never saw one", async () => {
    const { market } = scene;
    const { chain } = parts;
    for (const depth of [1, 2, 3, 5, 8, 13, 21, 32]) {
      await chain.sync();
      const rewind = await scene.snapshot();
      await ask(market, { slot: 100n });
      await scene.mine(depth - 1);
      await chain.sync();
      await rewind();
      await askAndPost(market, { slot: BigInt(depth), units: BigInt(depth) });
      await scene.mine(depth);
    }
    await chain.sync();
    const fresh = await scene.open();
    await fresh.chain.sync();
    expect(await chain.activeRequests()).to.deep.equal(await fresh.chain.activeRequests());
    const dump = (one: Parts) =>
      one.store.read(async (tx) => [
        await tx.all("SELECT * FROM chain_facts ORDER BY space, key, field, height, log_index"),
        await tx.all("SELECT snapshot_id, task_id, height, block_hash, word FROM chain_snapshots ORDER BY snapshot_id"),
        await tx.all("SELECT round, height, word FROM chain_rounds ORDER BY round"),
        await tx.all("SELECT * FROM chain_subscriptions ORDER BY height, log_index"),
      ]);
    expect(await dump(parts)).to.deep.equal(await dump(fresh));
  });

  it("counts the key that was current when a request was made, and none that came or went otherwise", async () => {
    const { market } = scene;
    const { chain } = parts;
    const former = market.nodes[0]?.signer.address ?? zeroAddress;
    const before = BigInt(await market.ethers.provider.getBlockNumber());
    const next = labelledKey("rotated");
    const consent = await next.signTypedData(
      signerConsentData(31_337n, market.instance.nodeRegistry, {
        owner: market.ownerWallet.account.address,
        deadline: 2n ** 40n,
      }),
    );
    await scene.mine(3);
    await market.nodeRegistry.connect(market.owner).rotateSigner(1n, next.address, 2n ** 40n, consent);
    await scene.mine(3);
    await chain.sync();
    const head = (await chain.head()).blockNumber;
    expect(await chain.signersAt(1n, before)).to.have.members([former, next.address]);
    expect(await chain.signersAt(1n, head)).to.deep.equal([next.address]);
    expect((await chain.nodeOfSigner(former))?.nodeId).to.equal(1n);
    expect((await chain.node(1n))?.signer).to.equal(next.address);
  });

  it("takes absurd text for what it is", async () => {
    const { market } = scene;
    const { chain } = parts;
    const absurd = `\u0000${"\ud800".repeat(10)}${"x".repeat(6_000)}'; DROP TABLE chain_facts; --`;
    await market.taskRegistry.setArtifactUri(market.taskId, absurd.replaceAll("\ud800", "?"));
    await market.nodeRegistry.connect(market.owner).setEndpoint(1n, "\u0000\n<script>".repeat(8));
    await chain.sync();
    expect((await chain.task(market.taskId))?.artifactUri).to.have.length(absurd.length - 1);
    expect((await chain.node(1n))?.endpoint).to.equal("\n<script>".repeat(8));
    expect(await chain.tasks()).to.have.length(1);
  });

  it("forgets requests long after they ended, and refuses by name to go back below them", async () => {
    const { market } = scene;
    const request = await askAndPost(market);
    await settle(market, await settlementFor(request));
    await parts.chain.sync();
    expect(await parts.chain.prune()).to.equal(0);
    await scene.mine(64 * 32 + 10);
    await scene.passTime(15 * 86_400);
    await parts.chain.sync();
    expect(await parts.chain.prune()).to.equal(1);
    expect(await parts.chain.request(request.requestId)).to.equal(undefined);
    const rewind = await parts.store.tx(async (tx) => {
      await tx.run("DELETE FROM cursor_blocks WHERE height > 10");
      await tx.run("UPDATE cursor_blocks SET hash = '0x00' WHERE height > 5");
      return tx.run("UPDATE cursors SET height = 10");
    });
    expect(rewind).to.equal(1);
    const failure = await parts.chain.sync().catch((error: unknown) => String(error));
    expect(failure).to.include("beyond what this store remembers");
  });
});
