import { expect } from "chai";
import { decodeSnapshot } from "../../sdk/committee/snapshot.ts";
import { lockUp } from "../../sdk/money/lock.ts";
import { decodeTaskWord } from "../../sdk/words/task-word.ts";
import { registerNode } from "../../deploy/local/nodes.ts";
import { fillPool } from "../helpers/fleet.ts";
import { forge } from "../helpers/forge.ts";
import {
  ask,
  askAndPost,
  balanceIn,
  paramsFor,
  type RequestParams,
  selectorOf,
  settle,
  startingBalance,
  useMarket,
} from "../helpers/market.ts";

const maxNodes = 3_067;
/** Gas that one transaction may have (EIP-7825). */
const transactionCap = 16_777_216n;
const maxSnapshotAgeS = 3_600n;

describe("A pool", () => {
  describe("of one", () => {
    const market = useMarket({ nodes: 1, task: { window: 3_000 } });
    const alone = { k: 1n, acceptNoPanel: true, challengeWindow: 10n };

    it("serves a committee of one, which must be open to challenge", async () => {
      const m = market();
      await expect(ask(m, { ...alone, challengeWindow: 0n })).to.be.revertedWithCustomError(
        m.escrow,
        "ChallengeWindowRequired",
      );
      const request = await askAndPost(m, alone);
      const settlement = await forge(m, request);
      await expect(settle(m, settlement)).to.emit(m.escrow, "ResultRecorded");
      await m.networkHelpers.time.increase(11);
      await expect(m.escrow.finalize(settlement, m.settler.address)).to.emit(m.escrow, "Settled");
    });

    it("serves no committee of two, and without consent none at all", async () => {
      const m = market();
      await expect(ask(m, { ...alone, k: 2n }))
        .to.be.revertedWithCustomError(m.escrow, "PoolTooSmall")
        .withArgs(1n, 2n);
      await expect(ask(m, { ...alone, acceptNoPanel: false }))
        .to.be.revertedWithCustomError(m.escrow, "PoolTooSmallForPanel")
        .withArgs(1n, 1n);
    });
  });

  describe("of twelve", () => {
    const market = useMarket({ asks: [5, 5, 5, 20], task: { window: 3_000 } });

    async function expectRefused(
      changes: Partial<RequestParams>,
      name: Parameters<typeof selectorOf>[1],
      ...args: unknown[]
    ) {
      const m = market();
      const sent = m.escrow.connect(m.requester).request(paramsFor(m, changes), "0x");
      await expect(sent)
        .to.be.revertedWithCustomError(m.escrow, name)
        .withArgs(...args);
      expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance);
    }

    it("serves committees with room for a panel, or with consent as large as itself", async () => {
      const m = market();
      await expectRefused({ k: 6n }, "PoolTooSmallForPanel", 12n, 6n);
      await expectRefused({ k: 13n, acceptNoPanel: true }, "PoolTooSmall", 12n, 13n);
      await ask(m, { k: 5n });
      await ask(m, { k: 12n, acceptNoPanel: true, slot: 1n });
    });

    it("refuses what no committee can be", async () => {
      const maxPay = decodeTaskWord(await market().escrow.taskWord(market().taskId)).maxPay;
      await expectRefused({ k: 0n }, "InvalidCommitteeSize", 0n);
      await expectRefused({ k: 22n }, "InvalidCommitteeSize", 22n);
      await expectRefused({ quorum: 2n }, "InvalidQuorum", 2n, 5n);
      await expectRefused({ quorum: 6n }, "InvalidQuorum", 6n, 5n);
      await expectRefused({ units: 0n }, "NothingAsked");
      await expectRefused({ maxAsk: 0n }, "NothingAsked");
      await expectRefused({ units: maxPay + 1n, maxAsk: 1n }, "StakeTooLow", maxPay, maxPay + 1n);
      await expectRefused({ callbackGas: 2_000_001n }, "CallbackGasTooHigh", 2_000_001n, 2_000_000n);
      await expectRefused({ challengeWindow: 86_401n }, "InvalidChallengeWindow", 86_401n, 86_400n);
      await expectRefused({ tip: 999n }, "TipTooLow", 999n, 1_000n);
      await expectRefused(
        { tip: 2n ** 90n },
        "InsufficientBalance",
        market().requester.address,
        startingBalance,
        2n ** 90n + 5_400n,
      );
    });

    it("never gives a seat to a node that asks more than the request pays", async () => {
      const m = market();
      for (let slot = 0n; slot < 12n; slot++) {
        const request = await askAndPost(m, { slot, maxAsk: 19n, k: 5n });
        for (const member of await m.escrow.committeeOf(request.words)) expect(member & 0xffffffffn).to.equal(5n);
      }
    });

    it("with fewer nodes at that price than seats refunds the request", async () => {
      const m = market();
      const request = await askAndPost(m, { k: 10n, acceptNoPanel: true, maxAsk: 19n }); // nine ask 5, three ask 20
      await expect(m.escrow.expire(request.words))
        .to.emit(m.escrow, "Refunded")
        .withArgs(request.requestId, m.requester.address, lockUp(request.fields), selectorOf(m, "CommitteeIncomplete"));
      expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance);
    });

    it("is asked by its latest snapshot while that is fresh, to the second", async () => {
      const m = market();
      const { publishedAtS, id } = decodeTaskWord(await m.escrow.taskWord(m.taskId));
      await m.networkHelpers.time.setNextBlockTimestamp(publishedAtS + maxSnapshotAgeS);
      expect((await ask(m)).fields.snapshotId).to.equal(id);
      await expect(ask(m, { slot: 1n }))
        .to.be.revertedWithCustomError(m.escrow, "SnapshotStale")
        .withArgs(m.taskId, publishedAtS);
      await m.taskRegistry.connect(m.stranger).publishSnapshot(m.taskId);
      expect((await ask(m, { slot: 1n })).fields.snapshotId).to.equal(id + 1n);
    });

    it("settles what was asked of a snapshot that a later one superseded", async () => {
      const m = market();
      const request = await ask(m);
      const members = m.nodes.slice(0, 3);
      for (const { nodeId } of members) await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, nodeId);
      await m.taskRegistry.publishSnapshot(m.taskId);
      await m.networkHelpers.time.increase(5);
      await m.beacon.submit(request.fields.round, m.world.beacon.sign(request.fields.round));
      await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
    });

    it("of no task is stale", async () => {
      await expectRefused({ taskId: 9n }, "SnapshotStale", 9n, 0n);
    });
  });

  describe("that is full", () => {
    const stake = 10n ** 18n;
    const market = useMarket({ nodes: 0, task: { stakePerNode: stake, window: 3_000 } }, () => Promise.resolve());

    it("refuses one more node, is published in one transaction, and serves committees", async function () {
      const m = market();
      this.timeout(120_000);
      const extra = await registerNode(m.world, m.ownerWallet, "one too many");
      const fleet = await fillPool(m, maxNodes, stake);
      const subscribing = () => m.taskRegistry.connect(m.owner).subscribe(m.taskId, extra.nodeId, 5n);
      await expect(subscribing()).to.be.revertedWithCustomError(m.taskRegistry, "PoolFull").withArgs(m.taskId);
      while ((await m.taskRegistry.poolSize(m.taskId)) < BigInt(maxNodes) - 200n) {
        const most = BigInt(maxNodes) - 200n - (await m.taskRegistry.poolSize(m.taskId));
        await m.taskRegistry.activate(m.taskId, most < 150n ? most : 150n);
      }
      const receipt = await (await m.taskRegistry.publishSnapshot(m.taskId)).wait(); // with the most that it activates
      expect(await m.taskRegistry.poolSize(m.taskId)).to.equal(BigInt(maxNodes));
      expect(receipt?.gasUsed ?? transactionCap).to.be.below(transactionCap);
      console.log(`      the last 200 activated and 3,067 nodes published: ${receipt?.gasUsed} gas`);
      const again = await (await m.taskRegistry.publishSnapshot(m.taskId)).wait();
      console.log(`      3,067 nodes published again: ${again?.gasUsed} gas`);
      const code = await m.world.chain.getCode({
        address: (await m.taskRegistry.snapshotAddress(2n)) as `0x${string}`,
      });
      const ids = decodeSnapshot(code ?? "0x").entries.map(({ nodeId }) => nodeId);
      expect(ids).to.deep.equal(Array.from({ length: maxNodes }, (_, i) => BigInt(i + 2)));
      const request = await askAndPost(m, { k: 21n });
      expect(new Set(await m.escrow.committeeOf(request.words)).size).to.equal(21);
      await fleet.unsubscribe(m.taskId, 1_000n);
      await subscribing(); // the seat is taken, waiting or not
      const last = fleet.subscribe(m.taskId, 1_000n, 5n);
      await expect(last).to.be.revertedWithCustomError(m.taskRegistry, "PoolFull").withArgs(m.taskId);
    });
  });
});
