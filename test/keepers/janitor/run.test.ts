import { expect } from "chai";
import { keccak256, stringToHex } from "viem";
import { committeeOf, settlementOf } from "../../../deploy/local/committee.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import type { Parts } from "../../../keepers/parts.ts";
import type { Pass } from "../../../keepers/runtime/loop.ts";
import type { SettingsInput } from "../../../keepers/settings.ts";
import { keyOf } from "../../helpers/forge.ts";
import { plainTask, registerTask, subscribe } from "../../../deploy/local/nodes.ts";
import { consumerAsks, hireConsumer } from "../../helpers/consumer.ts";
import { bindDevKey, registerDevWorkload } from "../../helpers/dev-tee.ts";
import { evidenceOf, lie, truth } from "../../helpers/disputes.ts";
import { ask, askAndPost, sampleOutput, settle } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";

const noSignal = new AbortController().signal;

describe("janitor", () => {
  let scene: Scene;
  let parts: Parts;
  let job: Pass;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());
  const open = async (janitor: SettingsInput["janitor"], changes: Partial<SettingsInput> = {}): Promise<void> => {
    parts = await scene.open({ jobs: ["janitor"], janitor: janitor ?? {}, ...changes });
    job = (await makeJob("janitor", parts)).pass;
  };
  beforeEach(async () => {
    restore = await scene.snapshot();
    await open({ tasks: "all" });
  });
  afterEach(() => restore());

  const pass = async () => {
    await parts.chain.sync();
    const report = await job(noSignal);
    await parts.transactions.pass();
    await parts.transactions.pass();
    await parts.chain.sync();
    return report;
  };

  it("refunds a request whose round nobody posts, once the chain allows it, and only once", async () => {
    const { market } = scene;
    const request = await ask(market);
    await pass();
    expect((await parts.chain.request(request.requestId))?.state).to.equal("open");
    await scene.passTime(80); // beacon delay 3 s, timeout 60 s
    expect((await pass()).done).to.equal(1);
    expect((await parts.chain.request(request.requestId))?.state).to.equal("refunded");
    expect(await pass()).to.deep.equal({ done: 0, failed: 0 });
  });

  it("refunds a request that nobody serves, and one whose committee is incomplete", async () => {
    const { market } = scene;
    const unserved = await askAndPost(market);
    const nobody = await askAndPost(market, { slot: 1n, maxAsk: 4n }); // all ask 5
    expect((await pass()).done).to.equal(1);
    expect((await parts.chain.request(nobody.requestId))?.state).to.equal("refunded");
    expect((await parts.chain.request(unserved.requestId))?.state).to.equal("open");
    await scene.passTime(60);
    expect((await pass()).done).to.equal(1);
    expect((await parts.chain.request(unserved.requestId))?.state).to.equal("refunded");
  });

  it("ends challenge windows that settlers forgot", async () => {
    const { market } = scene;
    const request = await askAndPost(market, { challengeWindow: 5n });
    await settle(market, await settlementOf(market.world, market.nodes, request, { output: sampleOutput }));
    await scene.passTime(30);
    expect((await pass()).done).to.equal(0);
    await scene.passTime(40);
    expect((await pass()).done).to.equal(1);
    expect((await parts.chain.request(request.requestId))?.state).to.equal("settled");
  });

  it("ends a recorded result whose words went through another contract, without its output", async () => {
    const { market } = scene;
    const consumer = await hireConsumer(market);
    const request = await consumerAsks(market, consumer, { challengeWindow: 5n });
    const settlement = await settlementOf(market.world, market.nodes, request, { output: sampleOutput });
    await consumer.act(market.escrow.interface.encodeFunctionData("settle", [[settlement], []]));
    await scene.passTime(66); // window 5 s, grace 60 s
    expect((await pass()).done).to.equal(0); // nobody holds the output
    await scene.passTime(4); // expire delay 4 s
    expect((await pass()).done).to.equal(1);
    const ended = await parts.chain.request(request.requestId);
    expect(ended?.state).to.equal("settled");
    expect(ended?.outcome?.callbackFailed).to.equal(true);
    expect(await pass()).to.deep.equal({ done: 0, failed: 0 });
  });

  it("publishes a snapshot when half its age is over, once, and a changed pool", async () => {
    const { market } = scene;
    await parts.chain.sync();
    const latest = async () => (await parts.chain.pool(market.taskId, 2n ** 40n)).snapshot?.snapshotId;
    const first = await latest();
    await pass();
    expect(await latest()).to.equal(first);
    await scene.passTime(1_801);
    await pass();
    expect(await latest()).to.equal((first ?? 0n) + 1n);
    await pass();
    expect(await latest()).to.equal((first ?? 0n) + 1n);
    await market.taskRegistry.connect(market.owner).updateAsk(market.taskId, 1n, 7);
    await pass();
    expect(await latest()).to.equal((first ?? 0n) + 1n);
    await scene.passTime(601);
    await pass();
    expect(await latest()).to.equal((first ?? 0n) + 2n);
    const { entries } = await parts.chain.snapshot((first ?? 0n) + 2n);
    expect(entries.find(({ nodeId }) => nodeId === 1n)?.ask).to.equal(7n);
  });

  it("takes a jailed node out of the pools of its other tasks, once", async () => {
    const { market } = scene;
    const { world } = market;
    const request = await askAndPost(market);
    const members = await committeeOf(world, request);
    const guilty = market.nodes.find(({ nodeId }) => nodeId === members[0]?.nodeId);
    if (guilty === undefined) throw new Error("nobody was drawn");
    const otherTask = await registerTask(world, plainTask);
    for (const node of [guilty, ...market.nodes.filter((one) => one !== guilty).slice(-1)])
      await subscribe(world, node, otherTask, 5);
    const said = [truth(request), lie].map((digest) => evidenceOf(market, request, members, 0, { digest }));
    const [a, b] = await Promise.all(said);
    if (a === undefined || b === undefined) throw new Error("two words are needed");
    await open({ tasks: "all", expire: false });
    await parts.chain.sync();
    expect(await parts.chain.jailedSubscribers(otherTask)).to.deep.equal([]);
    await market.disputes.proveEquivocation(request.words, 0, a, b);
    await parts.chain.sync();
    expect((await parts.chain.jailedSubscribers(otherTask)).map(({ nodeId }) => nodeId)).to.deep.equal([guilty.nodeId]);
    expect(await parts.chain.jailedSubscribers(market.taskId)).to.deep.equal([]);
    await pass();
    await parts.chain.sync();
    expect(await parts.chain.jailedSubscribers(otherTask)).to.deep.equal([]);
    const evicted = await market.taskRegistry.queryFilter(market.taskRegistry.filters.Unsubscribed(otherTask));
    expect(evicted.map(({ args }) => args.nodeId)).to.deep.equal([guilty.nodeId]);
  });

  it("takes nodes out of the pool of a task whose workload their keys are not bound to, once their subscription counts", async () => {
    const { market } = scene;
    const [bound, unbound] = market.nodes;
    if (bound === undefined || unbound === undefined) throw new Error("There are too few nodes.");
    const workloadId = await registerDevWorkload(market);
    const teeTask = await registerTask(market.world, { ...plainTask, workloadId });
    for (const node of [bound, unbound]) await subscribe(market.world, node, teeTask, 5);
    await bindDevKey(market, bound, workloadId);
    await open({ tasks: "all", expire: false });
    await pass();
    await parts.chain.sync();
    expect((await parts.chain.subscribers(teeTask)).map(({ nodeId }) => nodeId)).to.deep.equal([bound.nodeId]);
    const evicted = await market.taskRegistry.queryFilter(market.taskRegistry.filters.Unsubscribed());
    expect(evicted.map(({ args }) => args.nodeId)).to.deep.equal([unbound.nodeId]);
  });

  it("publishes for no task that its node does not serve, unless it is told to", async () => {
    await open({});
    await scene.passTime(3_000);
    expect(await pass()).to.deep.equal({ done: 0, failed: 0 });
    const privateKey = keccak256(stringToHex("atoma local node 0"));
    const { deployer, nodes } = scene.market;
    await deployer.sendTransaction({ to: nodes[0]?.signer.address ?? null, value: 10n ** 18n });
    await open({}, { key: { privateKey } });
    expect((await pass()).done).to.equal(1);
  });

  it("claims its node's earnings and moves them to the owner after the window", async () => {
    const { market } = scene;
    const request = await askAndPost(market);
    await settle(market, await settlementOf(market.world, market.nodes, request, { output: sampleOutput }));
    const nodeId = (await committeeOf(market.world, request))[0]?.nodeId ?? 0n;
    const earned = 500n; // an ask of 5 for 100 units
    await market.deployer.sendTransaction({ to: keyOf(market, nodeId).address, value: 10n ** 18n });
    const privateKey = keccak256(stringToHex(`atoma local node ${nodeId - 1n}`));
    await open({ earnings: true, expire: false, finalize: false }, { key: { privateKey } });
    expect(await pass()).to.deep.equal({ done: 1, failed: 0 });
    expect((await market.escrow.claimOf(nodeId)).amount).to.equal(earned);
    expect((await pass()).done).to.equal(0);
    await scene.passTime(6);
    expect((await pass()).done).to.equal(1);
    expect((await market.escrow.accountOf(market.owner.address)).balance).to.equal(earned);
  });
});
