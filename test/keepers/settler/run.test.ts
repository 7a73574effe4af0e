import { expect } from "chai";
import type { Hex } from "viem";
import { answerDigest, committeeOf, type LocalRequest, settlementOf } from "../../../deploy/local/committee.ts";
import { labelledKey } from "../../../deploy/local/world.ts";
import { decodeHead } from "../../../sdk/words/head.ts";
import { makeHeldStore } from "../../../keepers/network/held.ts";
import type { Job } from "../../../keepers/job.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { signerConsentData } from "../../../sdk/agreement/signer-consent.ts";
import { consumerAsks, hireConsumer, moods } from "../../helpers/consumer.ts";
import { ask, askAndPost, post, sampleOutput, settle } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";
import { startMembers } from "../member-servers.ts";
import { attestationsFor } from "../members.ts";

const noSignal = new AbortController().signal;

describe("settler", () => {
  let scene: Scene;
  let parts: Parts;
  let job: Job;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
    parts = await scene.open();
    job = await makeJob("settler", parts);
  });
  afterEach(async () => {
    await job.close();
    await restore();
  });

  const hold = async (request: LocalRequest, options: Parameters<typeof attestationsFor>[2] = {}): Promise<void> => {
    const held = makeHeldStore(parts.store);
    for (const one of await attestationsFor(scene.market, request, options))
      await held.addAttestation(one, scene.clock.now());
  };
  /** Reads the chain, runs the job at the given seconds after T0, and lets the outbox send. */
  const pass = async () => {
    await parts.chain.sync();
    const report = await job.pass(noSignal);
    const sent = await parts.transactions.pass();
    await parts.transactions.pass();
    await parts.chain.sync();
    return { ...report, sent };
  };
  /** The open turn of a committee of five, counted from now. */
  const openTurn = async (): Promise<void> => scene.passTime(5);
  const stateOf = async ({ requestId }: LocalRequest) => (await parts.chain.request(requestId))?.state;

  it("settles several requests in one transaction, and is paid the tips", async () => {
    const { market } = scene;
    const requests = [await ask(market), await ask(market, { slot: 1n }), await ask(market, { slot: 2n })];
    await scene.passTime(10); // all rounds are due, and are posted a second apart
    for (const request of requests) await post(market, request);
    await job.close();
    parts = await scene.open({ settler: { turnS: 5 } });
    job = await makeJob("settler", parts);
    for (const request of requests) await hold(request);
    await scene.passTime(26); // the sixth turn of all three, open to everybody
    for (let i = 0; i < 5 && (await stateOf(requests[0] as LocalRequest)) !== "settled"; i++) {
      await pass();
      await scene.passTime(1);
    }
    const settled = await Promise.all(requests.map(({ requestId }) => parts.chain.request(requestId)));
    expect(settled.map((one) => one?.state)).to.deep.equal(["settled", "settled", "settled"]);
    expect(new Set(settled.map((one) => one?.outcome?.transactionHash)).size).to.equal(1);
    expect((await market.escrow.accountOf(parts.signer.address)).balance).to.equal(300_000n);
  });

  it("drops an item that the chain refuses and settles the others", async () => {
    const { market } = scene;
    const [good, bad] = [await askAndPost(market), await askAndPost(market, { slot: 1n })];
    await hold(good);
    const held = makeHeldStore(parts.store);
    const members = await committeeOf(market.world, bad);
    for (const one of await attestationsFor(market, bad)) {
      const isLast = one.nodeId === members[4]?.nodeId;
      await held.addAttestation(isLast ? { ...one, salt: `0x${"00".repeat(16)}` } : one, scene.clock.now());
    }
    for (let i = 0; i < 12 && (await stateOf(good)) !== "settled"; i++) {
      await scene.passTime(1);
      expect((await pass()).failed).to.equal(0);
    }
    expect(await stateOf(good)).to.equal("settled");
    expect(await stateOf(bad)).to.equal("open");
  });

  it("waits below the quorum, and without a result", async () => {
    const { market } = scene;
    const request = await askAndPost(market);
    await hold(request, { attesting: [0, 1, 2] });
    await openTurn();
    expect(await pass()).to.include({ done: 0, failed: 0 });
    expect(await stateOf(request)).to.equal("open");
  });

  it("waits for members that committed, for a while, so that they are paid", async () => {
    const { market } = scene;
    await job.close();
    parts = await scene.open({ settler: { turnS: 1, graceMs: 15_000 } });
    job = await makeJob("settler", parts);
    const [slow, silent] = [await askAndPost(market), await askAndPost(market, { slot: 1n })];
    for (const request of [slow, silent]) await hold(request, { attesting: [0, 1, 2, 3] });
    const passUntilSettled = async (request: LocalRequest, mostS: number): Promise<void> => {
      for (let i = 0; i < mostS && (await stateOf(request)) !== "settled"; i++) {
        await scene.passTime(1);
        await pass();
      }
    };
    await passUntilSettled(slow, 6);
    expect(await stateOf(slow)).to.equal("open");
    await hold(slow); // the fifth arrives
    await passUntilSettled(slow, 7);
    expect([await stateOf(slow), await stateOf(silent)]).to.deep.equal(["settled", "open"]);
    await passUntilSettled(silent, 14);
    const attested = async ({ requestId }: LocalRequest) =>
      decodeHead((await parts.chain.request(requestId))?.outcome?.head ?? 0n).attested;
    expect([await attested(slow), await attested(silent)]).to.deep.equal([0b11111n, 0b1111n]);
  });

  it("calls its transaction off when another settler is faster, and does not start again", async () => {
    const { market } = scene;
    const request = await askAndPost(market);
    await hold(request);
    await openTurn();
    await parts.chain.sync();
    let done = 0;
    for (let i = 0; i < 8 && done === 0; i++) {
      await scene.passTime(1);
      await parts.chain.sync();
      done = (await job.pass(noSignal)).done;
    }
    expect(done).to.equal(1); // in the outbox, not sent
    await settle(market, await settlementOf(market.world, market.nodes, request, { output: sampleOutput }));
    await parts.chain.sync();
    expect((await job.pass(noSignal)).done).to.equal(0);
    const found = await parts.transactions.find({
      contract: market.instance.escrow,
      subject: request.requestId,
      action: "settle",
    });
    expect(found?.status).to.deep.include({ kind: "cancelled", final: true });
    for (let i = 0; i < 3; i++) {
      await scene.passTime(1);
      expect(await pass()).to.include({ done: 0, failed: 0 });
    }
    expect((await market.escrow.accountOf(parts.signer.address)).balance).to.equal(0n);
  });

  it("forgets a request that a reorganisation replaced under the same sequence, and settles the new one", async () => {
    const { market } = scene;
    const rewind = await scene.snapshot();
    const lost = await askAndPost(market);
    await hold(lost);
    await openTurn();
    let done = 0;
    for (let i = 0; i < 8 && done === 0; i++) {
      await scene.passTime(1);
      await parts.chain.sync();
      done = (await job.pass(noSignal)).done;
    }
    expect(done).to.equal(1);
    await rewind();
    const other = await askAndPost(market, { units: 99n });
    expect(other.fields.sequence).to.equal(lost.fields.sequence);
    expect(other.requestId).to.not.equal(lost.requestId);
    await scene.mine(20);
    await hold(other);
    for (let i = 0; i < 12 && (await stateOf(other)) !== "settled"; i++) {
      await scene.passTime(1);
      expect((await pass()).failed).to.equal(0);
    }
    expect(await stateOf(other)).to.equal("settled");
    const key = { contract: market.instance.escrow, subject: lost.requestId, action: "settle" };
    expect((await parts.transactions.find(key))?.status.kind).to.equal("cancelled");
  });

  it("leaves out a member whose key came after the request, instead of losing the whole settlement", async () => {
    const { market } = scene;
    const request = await askAndPost(market);
    const members = await committeeOf(market.world, request);
    const rotating = members[0]?.nodeId ?? 0n;
    const next = labelledKey("late key");
    const owner = market.ownerWallet.account.address;
    const third = labelledKey("third key");
    for (const key of [next, third]) {
      const message = { owner, deadline: 2n ** 40n };
      const consent = await key.signTypedData(signerConsentData(31_337n, market.instance.nodeRegistry, message));
      await scene.mine(2);
      await market.nodeRegistry.connect(market.owner).rotateSigner(rotating, key.address, 2n ** 40n, consent);
    }
    const nodes = market.nodes.map((node) => (node.nodeId === rotating ? { ...node, signer: next } : node));
    const held = makeHeldStore(parts.store);
    for (const one of await attestationsFor({ ...market, nodes }, request))
      await held.addAttestation(one, scene.clock.now());
    for (let i = 0; i < 12 && (await stateOf(request)) !== "settled"; i++) {
      await scene.passTime(1);
      await pass();
    }
    expect(await stateOf(request)).to.equal("settled");
    expect((await parts.chain.request(request.requestId))?.outcome?.head).to.equal(
      ((await parts.chain.request(request.requestId))?.outcome?.head ?? 0n) & ~(1n << 104n),
    );
  });

  it("finalises what another settler recorded, and pays that settler", async () => {
    const { market } = scene;
    const request = await askAndPost(market, { challengeWindow: 5n });
    await settle(market, await settlementOf(market.world, market.nodes, request, { output: sampleOutput }));
    for (let i = 0; i < 16 && (await stateOf(request)) !== "settled"; i++) {
      await scene.passTime(1);
      await pass();
    }
    expect(await stateOf(request)).to.equal("settled");
    expect((await market.escrow.accountOf(market.settler.address)).balance).to.equal(100_000n);
  });

  it("finalises what was recorded through another contract, from a result that it holds", async () => {
    const { market } = scene;
    const consumer = await hireConsumer(market);
    const request = await consumerAsks(market, consumer, { challengeWindow: 5n });
    const settlement = await settlementOf(market.world, market.nodes, request, { output: sampleOutput });
    await consumer.act(market.escrow.interface.encodeFunctionData("settle", [[settlement], []]));
    for (let i = 0; i < 8; i++) {
      await scene.passTime(1);
      await pass();
    }
    expect(await stateOf(request)).to.equal("recorded"); // no member has told it the output yet
    await hold(request);
    for (let i = 0; i < 16 && (await stateOf(request)) !== "settled"; i++) {
      await scene.passTime(1);
      await pass();
    }
    expect(await stateOf(request)).to.equal("settled");
    expect(await consumer.lastOutput()).to.equal(sampleOutput);
  });

  it("delivers the callback of a result that ended without its output, from the words that recorded it", async () => {
    const { market } = scene;
    const consumer = await hireConsumer(market);
    const request = await consumerAsks(market, consumer, { challengeWindow: 5n });
    const settlement = await settlementOf(market.world, market.nodes, request, { output: sampleOutput });
    await settle(market, settlement);
    await scene.passTime(11); // window 5 s, expire delay 4 s
    const digest = answerDigest(request, { output: sampleOutput });
    await market.escrow.finalizeWithoutOutput(request.words, digest, settlement.head, market.settler);
    for (let i = 0; i < 16 && (await consumer.deliveries()) === 0n; i++) {
      await scene.passTime(1);
      await pass();
    }
    expect(await consumer.lastOutput()).to.equal(sampleOutput);
  });

  it("delivers a failed callback again once the consumer is mended, also after `multicall`", async () => {
    const { market } = scene;
    const consumer = await hireConsumer(market);
    const request = await consumerAsks(market, consumer);
    await consumer.setMood(moods.reverting);
    const settlement = await settlementOf(market.world, market.nodes, request, { output: sampleOutput });
    const escrow = await market.ethers.getContractAt("RequestEscrow", market.instance.escrow);
    const inner = escrow.interface.encodeFunctionData("settle", [[settlement], []]);
    await escrow.connect(market.settler).multicall([inner]);
    await parts.chain.sync();
    expect((await parts.chain.activeSummaries())[0]?.callbackFailedMs).to.be.a("number");
    await openTurn();
    await pass();
    await consumer.setMood(moods.quiet);
    for (let i = 0; i < 200 && (await parts.chain.activeSummaries()).length > 0; i++) {
      await scene.passTime(1);
      await pass();
    }
    expect(await parts.chain.activeSummaries()).to.deep.equal([]);
  });

  it("asks the members of a committee of others for what they hold, and survives what they answer", async () => {
    const { market } = scene;
    const request = await askAndPost(market);
    const answers = await attestationsFor(market, request);
    const asked: Hex[] = [];
    const servers = await startMembers(market, request, answers, asked);
    try {
      for (let i = 0; i < 12 && (await stateOf(request)) !== "settled"; i++) {
        await scene.passTime(1);
        await pass();
      }
      expect(await stateOf(request)).to.equal("settled");
      expect(asked).to.include(request.requestId);
    } finally {
      await servers.close();
    }
  });
});
