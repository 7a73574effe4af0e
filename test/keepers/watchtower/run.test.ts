import { expect } from "chai";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Hex, keccak256 } from "viem";
import { z } from "zod";
import type { LocalRequest } from "../../../deploy/local/committee.ts";
import { heldSchema } from "../../../keepers/network/messages.ts";
import { decodeNodeWord } from "../../../sdk/words/node-word.ts";
import { askAndPost } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";
import { openWatchtower, speakerAt, type Watchtower } from "./scene.ts";

const [leaf, otherLeaf] = [keccak256("0x01"), keccak256("0x02")];
const otherOutput: Hex = `0x${"33".repeat(32)}`;
const stake = 1_000n * 10n ** 18n;

describe("watchtower, of equivocation,", () => {
  let scene: Scene;
  let request: LocalRequest;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
    request = await askAndPost(scene.market);
  });
  afterEach(() => restore());

  const stakeOf = (nodeId: bigint) => scene.market.nodeRegistry.allocatedStake(nodeId, scene.market.taskId);
  const isJailed = async (nodeId: bigint): Promise<boolean> =>
    BigInt(decodeNodeWord(await scene.market.escrow.nodeWord(nodeId)).signer) === 0n;
  const provenCount = async (): Promise<number> => {
    const { disputes } = scene.market;
    return (await disputes.queryFilter(disputes.filters.EquivocationProven())).length;
  };
  const hold = async ({ held }: Watchtower, seat: number, leaves: readonly Hex[]): Promise<bigint> => {
    const speaker = await speakerAt(scene.market, request, seat);
    for (const one of leaves) await held.addCommit(await speaker.commit(one), scene.clock.now());
    return speaker.nodeId;
  };
  const expectCondemned = async (nodeId: bigint, isCondemned = true): Promise<void> => {
    expect(await stakeOf(nodeId)).to.equal(isCondemned ? 0n : stake);
    expect(await isJailed(nodeId)).to.equal(isCondemned);
  };

  it("slashes and jails a node that signed two commits, once, and is paid for it", async () => {
    const { market } = scene;
    const tower = await openWatchtower(scene);
    const nodeId = await hold(tower, 1, [leaf, otherLeaf]);
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    await expectCondemned(nodeId);
    expect(await market.nodeRegistry.awardOf(tower.parts.transactions.address)).to.be.greaterThan(0n);
    for (let i = 0; i < 3; i++) expect(await tower.pass()).to.deep.equal({ done: 0, failed: 0 });
    expect(await provenCount()).to.equal(1);
  });

  it("slashes and jails a node that attested two digests, also when its request has ended", async () => {
    const tower = await openWatchtower(scene);
    const speaker = await speakerAt(scene.market, request, 2);
    for (const output of [undefined, otherOutput])
      await tower.held.addAttestation((await speaker.attest(output)).attestation, scene.clock.now());
    await scene.passTime(70);
    await scene.market.escrow.expire(request.words);
    await scene.passTime(1);
    expect((await tower.pass()).done).to.equal(1);
    expect((await tower.parts.chain.request(request.requestId))?.state).to.equal("refunded");
    await expectCondemned(speaker.nodeId);
  });

  it("proves a node's two faults once, and another node's as well", async () => {
    const tower = await openWatchtower(scene);
    const both = await speakerAt(scene.market, request, 0);
    for (const output of [undefined, otherOutput]) {
      const { commit, attestation } = await both.attest(output);
      await tower.held.addCommit(commit, scene.clock.now());
      await tower.held.addAttestation(attestation, scene.clock.now());
    }
    const other = await hold(tower, 3, [leaf, otherLeaf]);
    expect((await tower.pass()).done).to.equal(2);
    expect((await tower.pass()).done).to.equal(0);
    for (const nodeId of [both.nodeId, other]) await expectCondemned(nodeId);
    expect(await provenCount()).to.equal(2);
  });

  it("proves it once though two watchtowers hold the evidence", async () => {
    const towers = [await openWatchtower(scene), await openWatchtower(scene, undefined, 7)];
    for (const tower of towers) await hold(tower, 1, [leaf, otherLeaf]);
    const [first, second] = towers as [Watchtower, Watchtower];
    for (const { parts, job } of towers) {
      await parts.chain.sync();
      await job.pass(new AbortController().signal); // both, before either has sent anything
    }
    for (let i = 0; i < 2; i++) for (const { pass } of [second, first]) expect((await pass()).failed).to.equal(0);
    expect(await provenCount()).to.equal(1);
    const key = { contract: scene.market.instance.disputes, action: "proveDoubleCommit" };
    const subject = `${request.requestId}:${(await speakerAt(scene.market, request, 1)).nodeId}`;
    const kinds = await Promise.all(towers.map(async ({ parts }) => parts.transactions.find({ ...key, subject })));
    expect(kinds.map((one) => one?.status.kind)).to.deep.equal(["cancelled", "mined"]);
  });

  it("never touches a node that said one thing, however often", async () => {
    const tower = await openWatchtower(scene);
    const honest = await speakerAt(scene.market, request, 1);
    for (const salt of [1, 2]) {
      const { attestation } = await honest.attest(undefined, salt); // one digest under two roots
      await tower.held.addAttestation(attestation, scene.clock.now());
    }
    await hold(tower, 1, [leaf, leaf]);
    await hold(tower, 2, [otherLeaf]);
    expect(await tower.pass()).to.deep.equal({ done: 0, failed: 0 });
    await expectCondemned(honest.nodeId, false);
  });

  it("goes on past evidence that the chain refuses, and stops when the unbonding time is over", async () => {
    const tower = await openWatchtower(scene);
    const { nodeId } = await speakerAt(scene.market, request, 0);
    const stranger = await speakerAt(scene.market, request, 4);
    for (const one of [leaf, otherLeaf])
      await tower.held.addCommit(
        { ...(await stranger.commit(one)), nodeId, signature: `0x${"12".repeat(64)}` },
        scene.clock.now(),
      );
    const guilty = await hold(tower, 3, [leaf, otherLeaf]);
    expect(await tower.pass()).to.deep.equal({ done: 2, failed: 0 });
    expect(await tower.pass()).to.deep.equal({ done: 0, failed: 0 });
    await expectCondemned(guilty);
    await expectCondemned(nodeId, false);
    const late = await openWatchtower(scene, undefined, 7);
    const saved = await hold(late, 2, [leaf, otherLeaf]);
    await scene.passTime(await scene.market.nodeRegistry.unbonding());
    expect(await late.pass()).to.deep.equal({ done: 0, failed: 0 });
    await expectCondemned(saved, false);
  });

  it("says of which requests it knows nothing", async () => {
    const tower = await openWatchtower(scene);
    const speaker = await speakerAt(scene.market, request, 1);
    for (const one of [leaf, otherLeaf])
      await tower.held.addCommit({ ...(await speaker.commit(one)), requestId: keccak256("0x77") }, scene.clock.now());
    expect(await tower.pass()).to.deep.equal({ done: 0, failed: 0 });
    await expectCondemned(speaker.nodeId, false);
  });

  it("alone, asks members of requests that are over for evidence, once each", async () => {
    const { market } = scene;
    const guilty = await speakerAt(market, request, 1);
    const commits = await Promise.all([leaf, otherLeaf].map((one) => guilty.commit(one)));
    const held = { requestId: request.requestId, commits, attestations: [], results: [] };
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.end(JSON.stringify(z.encode(heldSchema, held)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const witness = await speakerAt(market, request, 4);
      await market.nodeRegistry.connect(market.owner).setEndpoint(witness.nodeId, url);
      const beside = await openWatchtower(scene);
      const silent = await openWatchtower(scene, { jobs: ["watchtower"], watchtower: { sample: 0 } }, 7);
      const alone = await openWatchtower(scene, { jobs: ["watchtower"] }, 8);
      expect((await alone.pass()).done).to.equal(0); // members are still at it
      await scene.passTime(60);
      for (const tower of [beside, silent]) expect((await tower.pass()).done).to.equal(0);
      expect(asked).to.equal(0);
      expect((await alone.pass()).done).to.equal(1);
      await alone.pass();
      expect(asked).to.equal(1);
      await expectCondemned(guilty.nodeId);
      for (const tower of [beside, silent, alone]) await tower.job.close();
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
