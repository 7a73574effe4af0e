import { expect } from "chai";
import type { Hex } from "viem";
import type { Executor } from "../../../keepers/executors/executor.ts";
import { makeOwnStore } from "../../../keepers/executor/own-store.ts";
import { equivocators } from "../../../keepers/executor/plan.ts";
import { type Http, HttpError, makeHttp } from "../../../keepers/network/http.ts";
import { signCommit } from "../../../keepers/network/sign.ts";
import { leafOf } from "../../../sdk/agreement/leaf.ts";
import { seededRandom } from "../executors/fixtures.ts";
import { type Agreed, agreed, drawnSeats, timesOf, until } from "./agreement.ts";
import { bytes, instance, makeWorld, reverser, type Running, type Seat, type World } from "./world.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A network that loses a third of the messages or their answers, repeats some, and shuffles all by delay. */
const makeBadNetwork = (seed: number, calm: Http): Http => {
  const random = seededRandom(seed);
  const lost = new HttpError("Network", "lost on the way");
  return {
    request: async (request) => {
      const [fate, delayMs] = [random() % 12, random() % 60];
      await pause(delayMs);
      if (fate < 2) throw lost;
      if (fate < 4) void calm.request({ ...request }).catch(() => undefined); // arrives twice
      const answer = await calm.request(request);
      if (fate >= 10) throw lost; // arrived, but the answer did not
      return answer;
    },
    close: () => {},
  };
};

/** The honest never sign two leaves or two digests, and at most two roots; nobody else's words are changed. */
const expectHonest = async (nodes: readonly Running[], requestId: Hex): Promise<void> => {
  for (const node of nodes) {
    const { commits, attestations } = await node.held.read(requestId, 0n);
    expect([...equivocators(commits)]).to.deep.equal([]);
    for (const { seat } of nodes) {
      const theirs = attestations.filter(({ nodeId }) => nodeId === seat.nodeId);
      expect(new Set(theirs.map(({ digest }) => digest)).size).to.be.at.most(1);
      expect(theirs.length).to.be.at.most(2);
    }
  }
};

const expectSame = (results: readonly Agreed[]): void => {
  expect(new Set(results.map(({ digest }) => digest)).size).to.equal(1);
};

describe("a committee under adverse conditions", function () {
  this.timeout(60_000);
  let world: World;
  afterEach(() => world.stop());

  for (const seed of [1, 2, 3, 4])
    it(`agrees on the same while messages are lost, repeated and shuffled (seed ${seed})`, async () => {
      world = await makeWorld({ k: 5, quorum: 4, windowS: 8 });
      const calm = makeHttp({ allowPrivate: true });
      const request = world.ask({ input: "chaos" });
      const silent = seed % 2;
      const seats = (await drawnSeats(world, request)).slice(silent);
      const start = (seat: Seat, index: number) =>
        world.start(seat, { peerHttp: makeBadNetwork(seed * 100 + index, calm) });
      const nodes = await Promise.all(seats.map(start));
      world.post(request);
      const results = await agreed(world, nodes, request);
      expectSame(results);
      await expectHonest(nodes, request.requestId);
      const { unionAtMs } = await timesOf(world, request);
      for (const node of nodes)
        for (const { decidedMs, committed } of await makeOwnStore(node.store).decisions(
          request.requestId,
          node.seat.nodeId,
        ))
          expect(committed === 0b11111n || decidedMs >= unionAtMs).to.equal(true);
      calm.close();
    });

  it("signs nothing twice and loses nothing while its nodes are stopped and started at random", async () => {
    world = await makeWorld({ k: 5, quorum: 4, windowS: 60 });
    const random = seededRandom(11);
    const requests = Array.from({ length: 6 }, (_, index) => world.ask({ input: `again ${index}` }));
    const nodes = await Promise.all(world.seats.map((seat) => world.start(seat)));
    for (const request of requests) world.post(request);
    for (let restart = 0; restart < 14; restart++) {
      const at = random() % nodes.length;
      const node = nodes[at] as Running;
      await pause(random() % 120);
      await node.stop();
      await pause(random() % 60);
      nodes[at] = await world.start(node.seat, { folder: node.folder });
    }
    for (const request of requests) {
      expectSame(await agreed(world, nodes, request));
      await expectHonest(nodes, request.requestId);
    }
  });

  it("goes on rightly wherever its last write was before it died", async () => {
    world = await makeWorld({ k: 3, quorum: 3, windowS: 600 });
    const [victim, ...others] = world.seats;
    const steady = await Promise.all(others.map((seat) => world.start(seat)));
    let folder: string | undefined;
    let deaths = 0;
    for (let writes = 0; writes < 12; writes++) {
      const request = world.ask({ input: `death after ${writes} writes` });
      const doomed = await world.start(victim as Seat, {
        ...(folder === undefined ? {} : { folder }),
        wrapStore: (store) => {
          let left = writes;
          return { ...store, tx: (fn) => (left-- > 0 ? store.tx(fn) : Promise.reject(new Error("killed"))) };
        },
      });
      folder = doomed.folder;
      world.post(request);
      await pause(150);
      deaths += Number((await steady[0]?.held.read(request.requestId, 0n))?.attestations.length !== 3);
      await doomed.stop();
      const reborn = await world.start(victim as Seat, { folder });
      expectSame(await agreed(world, [reborn, ...steady], request));
      await expectHonest([reborn, ...steady], request.requestId);
      await reborn.stop();
    }
    expect(deaths).to.be.greaterThan(4);
  });

  it("keeps one leaf and one first root when a second process starts on the same store", async () => {
    world = await makeWorld({ k: 4, quorum: 3 });
    const request = world.ask();
    const [first, ...rest] = await drawnSeats(world, request);
    const slow: Executor = { ...reverser, execute: (...given) => pause(150).then(() => reverser.execute(...given)) };
    const one = await world.start(first as Seat, { executor: slow });
    const twin = await world.start(first as Seat, { executor: slow, folder: one.folder }); // both execute
    const others = await Promise.all(rest.map((seat) => world.start(seat)));
    world.post(request);
    expectSame(await agreed(world, [one, twin, ...others], request));
    await expectHonest(others, request.requestId);
    const decided = await makeOwnStore(one.store).decisions(request.requestId, one.seat.nodeId);
    expect(decided.filter(({ root }) => root === 1)).to.have.length(1);
  });

  it("comes together with a second root when a commit reached only one of them", async () => {
    world = await makeWorld({ k: 4, quorum: 3 });
    const request = world.ask();
    const { requestId } = request;
    const [shy, ...honest] = await drawnSeats(world, request);
    const calm = makeHttp({ allowPrivate: true });
    const isUnionAsked = (url: string): boolean => url.includes("/v1/requests/") || url.includes("/relay");
    const peerHttp: Http = {
      ...calm,
      request: (given) =>
        isUnionAsked(given.url) ? Promise.reject(new HttpError("Network", "cut")) : calm.request(given),
    };
    const nodes = await Promise.all(honest.map((seat) => world.start(seat, { peerHttp })));
    world.post(request);
    const { nodeId, signer } = shy as Seat;
    const commit = await signCommit(signer, instance, { requestId, level: 0n, nodeId, leaf: bytes(8, 32) });
    await world.client.sendCommit((nodes[0] as Running).network.url, commit);
    for (const result of await agreed(world, nodes, request)) expect(result.committed).to.equal(0b1110n);
    const roots = await Promise.all(
      nodes.map(async (node) =>
        (await makeOwnStore(node.store).decisions(requestId, node.seat.nodeId)).map((one) => one.committed),
      ),
    );
    expect(roots).to.deep.equal([[0b1111n, 0b1110n], [0b1110n], [0b1110n]]);
    calm.close();
  });

  it("lets nobody copy who shows one leaf to one member, and another to the rest once that one has revealed", async () => {
    world = await makeWorld({ k: 5, quorum: 4, windowS: 60 });
    const request = world.ask({ input: "bait" });
    const { requestId } = request;
    const [cheat, ...honest] = await drawnSeats(world, request);
    const { nodeId, signer } = cheat as Seat;
    const nodes = await Promise.all(honest.map((seat) => world.start(seat)));
    world.post(request);
    const [victim, ...rest] = nodes as [Running, ...Running[]];
    const sign = (leaf: Hex) => signCommit(signer, instance, { requestId, level: 0n, nodeId, leaf });
    await until("the victim has all others", async () => (await victim.held.read(requestId, 0n)).commits.length === 4);
    await world.client.sendCommit(victim.network.url, await sign(bytes(1, 32)));
    const revealed = await until("the victim reveals", async () =>
      (await victim.held.read(requestId, 0n)).attestations.find((one) => one.nodeId === victim.seat.nodeId),
    );
    const { digest } = revealed;
    const copied = await sign(leafOf({ requestId, level: 0n, digest, nodeId, salt: bytes(2, 16) }));
    for (const node of rest) {
      const answer = await world.client.sendCommit(node.network.url, copied);
      expect(answer).to.have.nested.property("refusal.error", "TwoLeaves");
    }
    for (const result of await agreed(world, nodes, request)) {
      expect(result.attested).to.not.include(nodeId);
      expect(result.leaves).to.not.include(copied.leaf);
    }
  });

  it("agrees on many requests at a time", async () => {
    world = await makeWorld({ k: 4, quorum: 3, windowS: 60 });
    const nodes = await Promise.all(world.seats.map((seat) => world.start(seat)));
    const requests = Array.from({ length: 20 }, (_, index) => world.ask({ input: `many ${index}` }));
    for (const request of requests) world.post(request);
    for (const request of requests) expectSame(await agreed(world, nodes, request));
  });
});
