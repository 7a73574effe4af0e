import { expect } from "chai";
import { hexToBytes } from "viem";
import type { Executor } from "../../../keepers/executors/executor.ts";
import { modelRuntimeDigest, parseManifest } from "../../../keepers/models/manifest.ts";
import { describeWithModel, model, useServer } from "../../gateway/model/fixtures.ts";
import { executorOf, manifestOf, textOf } from "../executors/model-fixtures.ts";
import { type ModelProxy, startModelProxy } from "../executors/model-proxy.ts";
import { agreed, until } from "./agreement.ts";
import { makeWorld, type Seat, type World } from "./world.ts";

const manifest = manifestOf({ name: "embedded", generation: { maxTokens: 64 } });
const question = "What is the capital of Kenya?";
/** Longer than it takes to stop and start a node. */
const delayMs = 1_500;

describeWithModel("A committee that asks a model", function () {
  const server = useServer();
  let world: World;
  let slow: ModelProxy;
  beforeEach(async () => {
    const runtimeDigest = modelRuntimeDigest(parseManifest(manifest));
    const executorKind = { kind: "chat", artifact: manifest, runtimeDigest, unitSize: 1n };
    world = await makeWorld({ k: 3, quorum: 3, windowS: 120, executorKind });
    slow = await startModelProxy(server().url);
  });
  afterEach(async () => {
    await world.stop();
    await slow.close();
  });
  const serving = (url: string): Executor => executorOf(manifest, { urls: [url], servedAs: model });
  const chats = (): number => slow.asked.filter((path) => path.endsWith("/chat/completions")).length;

  it("neither loses the request nor signs twice when a node stops in the middle of an answer, and starts again", async function () {
    this.timeout(30_000);
    const [seat, ...others] = world.seats as [Seat, ...Seat[]];
    slow.spoil = () => ({ delayMs });
    const request = world.ask({ input: question, units: 200n });
    const steady = await Promise.all(others.map((one) => world.start(one, { executor: serving(server().url) })));
    const first = await world.start(seat, { executor: serving(slow.url) });
    world.post(request);
    await until("a question to the slow server", async () => chats() > 0);
    await first.stop(); // the answer is not there yet
    for (const { held } of steady) {
      const { commits } = await held.read(request.requestId, 0n);
      expect(commits.filter(({ nodeId }) => nodeId === seat.nodeId)).to.deep.equal([]);
    }

    slow.spoil = () => ({});
    const second = await world.start(seat, { executor: serving(slow.url), folder: first.folder });
    const results = await agreed(world, [second, ...steady], request);
    expect(new Set(results.map(({ digest }) => digest)).size).to.equal(1);
    expect(chats(), "asked again after the start").to.equal(2);
    for (const node of [second, ...steady]) {
      const { commits, attestations } = await node.held.read(request.requestId, 0n);
      for (const { nodeId } of world.seats) {
        expect(commits.filter((one) => one.nodeId === nodeId)).to.have.length(1);
        expect(attestations.filter((one) => one.nodeId === nodeId)).to.have.length(1);
      }
    }
    const item = await second.job.item(request.requestId, 0n);
    expect(textOf(hexToBytes(item?.output ?? "0x").subarray(32))).to.equal("Nairobi");
  });

  it("does not ask again for an answer that it holds when it starts again", async function () {
    this.timeout(30_000);
    const [seat, ...others] = world.seats as [Seat, ...Seat[]];
    const request = world.ask({ input: question, units: 200n });
    const first = await world.start(seat, { executor: serving(slow.url) });
    world.post(request);
    await until("an answer", async () => (await first.held.read(request.requestId, 0n)).commits.length > 0);
    await first.stop();
    expect(chats()).to.equal(1);
    const nodes = [await world.start(seat, { executor: serving(slow.url), folder: first.folder })];
    for (const one of others) nodes.push(await world.start(one, { executor: serving(server().url) }));
    await agreed(world, nodes, request);
    expect(chats()).to.equal(1);
    const { commits } = await (nodes[1] as (typeof nodes)[number]).held.read(request.requestId, 0n);
    expect(commits.filter(({ nodeId }) => nodeId === seat.nodeId)).to.have.length(1);
  });
});
