import { expect } from "chai";
import { stringToHex } from "viem";
import { plainTask, registerTask, subscribe } from "../../deploy/local/nodes.ts";
import { snapshotAddress } from "../../sdk/committee/snapshot-address.ts";
import { decodeSnapshot } from "../../sdk/committee/snapshot.ts";
import { expectStakeAccounted } from "../helpers/books.ts";
import { forge } from "../helpers/forge.ts";
import { askAndPost, ask, type Market, settle, useMarket } from "../helpers/market.ts";

const bond = 10n ** 18n;
const bondDelayS = 7n * 86_400n;

/** The entries that the next snapshot would hold, as published. */
async function publishedPool({ taskRegistry, world, taskId }: Market) {
  await taskRegistry.publishSnapshot(taskId);
  const [{ args }] = (await taskRegistry.queryFilter(taskRegistry.filters.SnapshotPublished(), "latest")) as never as [
    { args: { snapshotId: bigint; snapshot: `0x${string}` } },
  ];
  const code = await world.chain.getCode({ address: args.snapshot });
  return { ...decodeSnapshot(code ?? "0x"), snapshotId: args.snapshotId, address: args.snapshot };
}

const words = { ...plainTask, kind: stringToHex("wasm", { size: 32 }), workloadId: `0x${"00".repeat(32)}` };

describe("TaskRegistry", () => {
  describe("tasks", () => {
    const market = useMarket({ nodes: 9 }, (m) => expectStakeAccounted(m, bond));
    const publisher = () => market().taskRegistry.connect(market().deployer);

    it("are refused with a field outside its bounds, by name, and accepted at them", async () => {
      const m = market();
      const bounds: readonly (readonly [keyof typeof words, bigint, bigint])[] = [
        ["royalty", 0n, 2_000n],
        ["minReputation", 0n, 60_000n],
        ["askExponent", 0n, 18n],
        ["window", 1n, 86_400n],
        ["maxOutput", 0n, 16_384n],
        ["unitSize", 1n, 2n ** 64n - 1n],
      ];
      for (const [field, least, most] of bounds) {
        const outside = [least - 1n, most + 1n].filter((value) => value >= 0n && value < 2n ** 64n);
        for (const value of outside) {
          await expect(publisher().register({ ...words, [field]: value }, ""))
            .to.be.revertedWithCustomError(m.taskRegistry, "TaskFieldOutOfBounds")
            .withArgs(field, value, least, most);
        }
        for (const value of [least, most]) await publisher().register.staticCall({ ...words, [field]: value }, "");
      }
    });

    it("lock a bond, which comes back a week after deprecation, once, to the publisher", async () => {
      const m = market();
      await expect(m.taskRegistry.returnBond(m.taskId))
        .to.be.revertedWithCustomError(m.taskRegistry, "BondStillNeeded")
        .withArgs(m.taskId, 0n);
      await publisher().deprecate(m.taskId);
      const freeAt = BigInt(await m.networkHelpers.time.latest()) + bondDelayS;
      await m.networkHelpers.time.setNextBlockTimestamp(freeAt - 1n);
      await expect(m.taskRegistry.returnBond(m.taskId))
        .to.be.revertedWithCustomError(m.taskRegistry, "BondStillNeeded")
        .withArgs(m.taskId, freeAt);
      await m.networkHelpers.time.setNextBlockTimestamp(freeAt);
      const returned = m.taskRegistry.connect(m.stranger).returnBond(m.taskId);
      await expect(returned).to.changeTokenBalances(m.ethers, m.atoma, [m.deployer, m.nodeRegistry], [bond, -bond]);
      await expect(m.taskRegistry.returnBond(m.taskId))
        .to.be.revertedWithCustomError(m.taskRegistry, "NoBondHeld")
        .withArgs(m.taskId);
      await publisher().register(words, ""); // so that one bond is held again
    });

    it("are deprecated once, by their publisher, and take no requests or subscriptions afterwards", async () => {
      const m = market();
      await expect(m.taskRegistry.connect(m.stranger).deprecate(m.taskId))
        .to.be.revertedWithCustomError(m.taskRegistry, "NotPublisher")
        .withArgs(m.taskId, m.stranger.address);
      await publisher().deprecate(m.taskId);
      const attempts = [
        publisher().deprecate(m.taskId),
        m.taskRegistry.publishSnapshot(m.taskId),
        m.taskRegistry.connect(m.owner).subscribe(m.taskId, 1n, 5n),
      ];
      for (const attempt of attempts) {
        await expect(attempt).to.be.revertedWithCustomError(m.taskRegistry, "TaskIsDeprecated").withArgs(m.taskId);
      }
      await expect(ask(m, { k: 2n }))
        .to.be.revertedWithCustomError(m.escrow, "SnapshotStale")
        .withArgs(m.taskId, 0n);
    });

    it("move to another address of their artifact by their publisher alone", async () => {
      const m = market();
      await expect(m.taskRegistry.connect(m.stranger).setArtifactUri(m.taskId, "x")).to.be.revertedWithCustomError(
        m.taskRegistry,
        "NotPublisher",
      );
      await publisher().setArtifactUri(m.taskId, "ipfs://elsewhere");
      expect(await m.taskRegistry.artifactUriOf(m.taskId)).to.equal("ipfs://elsewhere");
    });

    it("have settings that the admin alone sets within bounds", async () => {
      const m = market();
      const managed = await m.ethers.getContractAt("TaskRegistry", m.taskRegistry);
      const settings = { activationDelay: 0n, maxSnapshotAge: 3_600n, noShowSlash: 100n, publisherBond: bond };
      await expect(managed.connect(m.stranger).setSettings(settings)).to.be.revertedWithCustomError(
        managed,
        "AccessManagedUnauthorized",
      );
      for (const [name, value, least, most] of [
        ["activationDelay", 604_801n, 0n, 604_800n],
        ["maxSnapshotAge", 3_599n, 3_600n, 259_200n],
        ["maxSnapshotAge", 259_201n, 3_600n, 259_200n],
      ] as const) {
        await expect(managed.connect(m.deployer).setSettings({ ...settings, [name]: value }))
          .to.be.revertedWithCustomError(managed, "SettingOutOfBounds")
          .withArgs(name, value, least, most);
      }
    });

    it("have a stake price that moves by at most a fifth, once a week", async () => {
      const m = market();
      const managed = await m.ethers.getContractAt("TaskRegistry", m.taskRegistry);
      const set = (price: bigint) => managed.connect(m.deployer).setStakePrice(price);
      await expect(managed.connect(m.stranger).setStakePrice(1n)).to.be.revertedWithCustomError(
        managed,
        "AccessManagedUnauthorized",
      );
      for (const price of [799_999n, 1_200_001n])
        await expect(set(price)).to.be.revertedWithCustomError(managed, "StakePriceMove");
      await expect(set(1_200_000n)).to.emit(managed, "StakePriceSet").withArgs(1_200_000n);
      const setAt = BigInt(await m.networkHelpers.time.latest());
      await m.networkHelpers.time.setNextBlockTimestamp(setAt + bondDelayS - 1n);
      await expect(set(1_200_000n))
        .to.be.revertedWithCustomError(managed, "StakePriceMove")
        .withArgs(1_200_000n, 960_000n, 1_440_000n, setAt + bondDelayS);
      await m.networkHelpers.time.setNextBlockTimestamp(setAt + bondDelayS);
      await set(960_000n);
    });
  });

  describe("pools", () => {
    const market = useMarket({ nodes: 9, asks: [3, 4, 5] }, (m) => expectStakeAccounted(m, bond));
    const node = () => market().taskRegistry.connect(market().owner);

    it("are copied to snapshots entry by entry", async () => {
      const m = market();
      const { header, entries } = await publishedPool(m);
      expect(entries).to.deep.equal(m.nodes.map(({ nodeId }, i) => ({ nodeId, ask: BigInt([3, 4, 5][i % 3] ?? 0) })));
      expect([header.id, header.count, header.royaltyBps, header.windowS]).to.deep.equal([m.taskId, 9n, 500n, 30n]);
      expect(header.maxPay).to.equal(10_000_000n); // 1000 ATOMA at 1.0 cover 10 of the token
    });

    it("lose an entry without a gap, whichever it is", async () => {
      const m = market();
      for (const leaving of [9n, 1n, 4n, 5n]) {
        await node().unsubscribe(m.taskId, leaving);
        const { entries } = await publishedPool(m);
        const ids = entries.map(({ nodeId }) => nodeId);
        expect(ids).not.to.include(leaving);
        expect(new Set(ids).size).to.equal(ids.length);
        expect(BigInt(ids.length)).to.equal(await m.taskRegistry.poolSize(m.taskId));
        for (const { nodeId, ask: price } of entries) {
          expect(await m.taskRegistry.subscriptionOf(m.taskId, nodeId)).to.deep.equal([true, true, price]);
        }
      }
      await node().subscribe(m.taskId, 4n, 77n);
      expect((await publishedPool(m)).entries.at(-1)).to.deep.equal({ nodeId: 4n, ask: 77n });
    });

    it("take a node once, by its owner, at an ask above zero", async () => {
      const m = market();
      await expect(node().subscribe(m.taskId, 1n, 5n))
        .to.be.revertedWithCustomError(m.taskRegistry, "AlreadySubscribed")
        .withArgs(m.taskId, 1n);
      await expect(m.taskRegistry.connect(m.stranger).subscribe(m.taskId, 1n, 5n))
        .to.be.revertedWithCustomError(m.taskRegistry, "NotNodeOwner")
        .withArgs(1n, m.stranger.address);
      await expect(node().subscribe(7n, 1n, 5n))
        .to.be.revertedWithCustomError(m.taskRegistry, "UnknownTask")
        .withArgs(7n);
      await expect(node().updateAsk(m.taskId, 1n, 0n))
        .to.be.revertedWithCustomError(m.taskRegistry, "TaskFieldOutOfBounds")
        .withArgs("ask", 0n, 1n, 2n ** 32n - 1n);
      await node().unsubscribe(m.taskId, 1n);
      for (const attempt of [
        node().unsubscribe(m.taskId, 1n),
        node().updateAsk(m.taskId, 1n, 5n),
        m.taskRegistry.evict(m.taskId, 1n),
      ]) {
        await expect(attempt).to.be.revertedWithCustomError(m.taskRegistry, "NotSubscribed").withArgs(m.taskId, 1n);
      }
    });

    it("take a node only with the stake of the task", async () => {
      const m = market();
      await node().unsubscribe(m.taskId, 1n);
      await m.nodeRegistry.connect(m.owner).withdraw(1n, m.owner.address, 9_000n * 10n ** 18n);
      await expect(node().subscribe(m.taskId, 1n, 5n))
        .to.be.revertedWithCustomError(m.nodeRegistry, "InsufficientStake")
        .withArgs(1n, 0n, 1_000n * 10n ** 18n);
    });

    it("have no snapshot while they are empty", async () => {
      const m = market();
      for (const { nodeId } of m.nodes) await node().unsubscribe(m.taskId, nodeId);
      await expect(m.taskRegistry.publishSnapshot(m.taskId))
        .to.be.revertedWithCustomError(m.taskRegistry, "PoolEmpty")
        .withArgs(m.taskId);
    });
  });

  describe("activation", () => {
    const delay = 1_000;
    const market = useMarket(
      { nodes: 9, adjust: (p) => ({ ...p, taskSettings: { ...p.taskSettings, activationDelay: 0 } }) },
      (m) => expectStakeAccounted(m, bond),
    );
    const node = () => market().taskRegistry.connect(market().owner);

    async function leaveAndWait(...ids: bigint[]) {
      const m = market();
      const managed = await m.ethers.getContractAt("TaskRegistry", m.taskRegistry);
      await managed
        .connect(m.deployer)
        .setSettings({ activationDelay: delay, maxSnapshotAge: 3_600n, noShowSlash: 100n, publisherBond: bond });
      for (const id of ids) {
        await node().unsubscribe(m.taskId, id);
        await node().subscribe(m.taskId, id, 50n + id);
      }
    }

    it("comes with the first snapshot after the delay, to the second", async () => {
      const m = market();
      await leaveAndWait(1n);
      const activeAt = (await m.networkHelpers.time.latest()) + delay;
      expect(await m.taskRegistry.subscriptionOf(m.taskId, 1n)).to.deep.equal([true, false, 51n]);
      await m.networkHelpers.time.setNextBlockTimestamp(activeAt - 1);
      expect((await publishedPool(m)).entries.length).to.equal(8);
      await m.networkHelpers.time.setNextBlockTimestamp(activeAt);
      const { entries } = await publishedPool(m);
      expect(entries.at(-1)).to.deep.equal({ nodeId: 1n, ask: 51n });
    });

    it("keeps an ask that was changed while waiting", async () => {
      const m = market();
      await leaveAndWait(2n, 3n);
      await node().updateAsk(m.taskId, 3n, 99n);
      await m.networkHelpers.time.increase(delay);
      expect((await publishedPool(m)).entries.slice(-2)).to.deep.equal([
        { nodeId: 2n, ask: 52n },
        { nodeId: 3n, ask: 99n },
      ]);
    });

    it("passes over those that left while waiting, and takes them once if they came back", async () => {
      const m = market();
      await leaveAndWait(2n, 3n, 4n);
      await node().unsubscribe(m.taskId, 3n);
      await node().unsubscribe(m.taskId, 2n);
      await node().subscribe(m.taskId, 2n, 7n);
      await m.networkHelpers.time.increase(delay);
      const activated = await m.taskRegistry.activate.staticCall(m.taskId, 100n);
      expect(activated).to.equal(2n);
      await m.taskRegistry.activate(m.taskId, 1n); // the gap where node 2 first waited
      await m.taskRegistry.activate(m.taskId, 1n); // the gap of node 3
      expect((await publishedPool(m)).entries.slice(-2)).to.deep.equal([
        { nodeId: 4n, ask: 54n },
        { nodeId: 2n, ask: 7n },
      ]);
      expect((await publishedPool(m)).entries.length).to.equal(8);
    });
  });

  describe("eviction", () => {
    const market = useMarket({ nodes: 9 }, (m) => expectStakeAccounted(m, 2n * bond));

    it("is of nodes whose reputation fell below the task's least, by anyone", async () => {
      const m = market();
      const demanding = await registerTask(m.world, { ...plainTask, minReputation: 511 });
      const [first] = m.nodes;
      if (first === undefined) throw new Error("There are no nodes.");
      await expect(m.taskRegistry.connect(m.owner).subscribe(demanding, first.nodeId, 5n))
        .to.be.revertedWithCustomError(m.taskRegistry, "ReputationTooLow")
        .withArgs(first.nodeId, 0n, 511n);
      for (const { nodeId } of m.nodes.slice(1)) await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, nodeId);
      await m.taskRegistry.publishSnapshot(m.taskId);
      const { nodeId } = first;
      const k1 = { k: 1n, acceptNoPanel: true, challengeWindow: 1n, units: 1_000n };
      const request = await askAndPost(m, k1);
      const settlement = await forge(m, request);
      await settle(m, settlement);
      await m.networkHelpers.time.increase(5);
      await m.escrow.finalize(settlement, m.settler.address);
      await subscribe(m.world, first, demanding, 5);
      await expect(m.taskRegistry.evict(demanding, nodeId))
        .to.be.revertedWithCustomError(m.taskRegistry, "NotEvictable")
        .withArgs(demanding, nodeId);
      for (const other of m.nodes.slice(1, 3)) await subscribe(m.world, other, m.taskId, 5);
      await m.taskRegistry.publishSnapshot(m.taskId);
      const missed = await askAndPost(m, { k: 3n, quorum: 2n, acceptNoPanel: true, slot: 1n });
      const members = await m.escrow.committeeOf(missed.words);
      const place = members.findIndex((member) => member >> 32n === nodeId);
      await settle(m, await forge(m, missed, { committed: 0b111n ^ (1n << BigInt(place)) }));
      await expect(m.taskRegistry.connect(m.stranger).evict(demanding, nodeId))
        .to.emit(m.taskRegistry, "Unsubscribed")
        .withArgs(demanding, nodeId);
      expect((await m.nodeRegistry.unbondingStake(nodeId, demanding)).amount).to.equal(1_000n * 10n ** 18n);
    });
  });

  describe("snapshots", () => {
    const market = useMarket({ nodes: 1 }, (m) => expectStakeAccounted(m, bond));

    it("lie where their number says, across the widths of a nonce", async () => {
      const m = market();
      for (let id = 2n; id <= 260n; id++) {
        await m.taskRegistry.publishSnapshot(m.taskId);
        if (![2n, 127n, 128n, 255n, 256n, 260n].includes(id)) continue;
        const address = await m.taskRegistry.snapshotAddress(id);
        expect(address).to.equal(snapshotAddress(m.instance.taskRegistry, id));
        expect(
          decodeSnapshot((await m.world.chain.getCode({ address: address as `0x${string}` })) ?? "0x").header.count,
        ).to.equal(1n);
      }
      for (const id of [1n, 127n, 128n, 255n, 256n, 65_535n, 65_536n, 2n ** 24n - 1n, 2n ** 24n, 2n ** 32n - 1n]) {
        expect(await m.taskRegistry.snapshotAddress(id)).to.equal(snapshotAddress(m.instance.taskRegistry, id));
      }
    });
  });
});
