import { expect } from "chai";
import { committeeOf, type LocalRequest } from "../../deploy/local/committee.ts";
import { maxEarnings } from "../../sdk/money/earnings.ts";
import { lockUp } from "../../sdk/money/lock.ts";
import { payoutOf } from "../../sdk/money/payout.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { decodeSlotWord } from "../../sdk/words/slot-word.ts";
import { forge } from "../helpers/forge.ts";
import { ask, askAndPost, balanceIn, paramsFor, settle, startingBalance, useMarket } from "../helpers/market.ts";
import { worldOfEvilToken } from "../helpers/token-world.ts";

const maxLock = 2n ** 96n - 1n;
const all = 0b11111n;
/** What each of five nodes earns by one request: more than half of what its word can count. */
const hugeUnits = 700_000n;

describe("Amounts of a token of 18 decimals", () => {
  const market = useMarket({
    nodes: 5,
    asks: [1],
    task: { window: 3_000, askExponent: 18 },
    make: worldOfEvilToken(18),
    adjust: (parameters) => ({ ...parameters, stakePrice: 10n ** 30n }),
  });

  async function fund() {
    const m = market();
    await m.token.mint(m.requester, 10n ** 26n);
    await m.escrow.connect(m.requester).deposit(m.requester.address, 10n ** 26n);
  }

  const askHuge = (slot: bigint, maxAsk = 1n): Promise<LocalRequest> =>
    askAndPost(market(), { units: hugeUnits, maxAsk, slot, tip: 10n ** 16n, acceptNoPanel: true });

  it("are refused if a lock does not fit 96 bits", async () => {
    const m = market();
    const request = (changes: object) =>
      m.escrow.connect(m.requester).request(paramsFor(m, { acceptNoPanel: true, maxAsk: 1n, ...changes }), "0x");
    const units = 2n * 10n ** 10n;
    const lock = (5n * units * 10n ** 18n * 10_800n) / 10_000n;
    const tip = 10n ** 16n;
    await expect(request({ units, tip }))
      .to.be.revertedWithCustomError(m.escrow, "LockTooLarge")
      .withArgs(lock + tip);
    const rest = maxLock - (5n * 10n ** 18n * 10_800n) / 10_000n;
    await expect(request({ units: 1n, tip: rest + 1n }))
      .to.be.revertedWithCustomError(m.escrow, "LockTooLarge")
      .withArgs(maxLock + 1n);
    await expect(request({ units: 1n, tip: rest }))
      .to.be.revertedWithCustomError(m.escrow, "InsufficientBalance")
      .withArgs(m.requester.address, startingBalance, maxLock);
  });

  it("beyond what a node's word can count go to the treasury", async () => {
    const m = market();
    await fund();
    const first = await askHuge(0n);
    await settle(m, await forge(m, first));
    const second = await askHuge(1n);
    const members = await committeeOf(m.world, second);
    const earnings = await Promise.all(
      members.map(async ({ nodeId }) => decodeNodeWord(await m.escrow.nodeWord(nodeId)).earnings),
    );
    const payout = payoutOf({ request: second.fields, members, attested: all, earnings });
    expect(payout.overflow > 0n).to.equal(true);
    const before = (await m.escrow.feesOf(m.taskId)).treasuryShare;
    await settle(m, await forge(m, second));
    expect((await m.escrow.feesOf(m.taskId)).treasuryShare - before).to.equal(payout.treasury + payout.overflow);
    for (const { nodeId } of members) {
      expect(decodeNodeWord(await m.escrow.nodeWord(nodeId)).earnings).to.equal(maxEarnings);
    }
  });

  it("of a full word leave signer and reputation of the node alone", async () => {
    const m = market();
    await fund();
    await settle(m, await forge(m, await askHuge(0n)));
    const request = await askHuge(1n);
    await settle(m, await forge(m, request));
    for (const { nodeId, signer } of m.nodes) {
      const word = decodeNodeWord(await m.escrow.nodeWord(nodeId));
      expect(word.signer).to.equal(signer.address);
      expect(word.reputation).to.equal(511n + ((65_535n - 511n) >> 7n));
    }
  });

  it("of a left-over too wide for a slot go to the account at once", async () => {
    const m = market();
    await fund();
    const request = await askHuge(0n, 20n);
    const members = await committeeOf(m.world, request);
    const { leftover } = payoutOf({ request: request.fields, members, attested: all });
    expect(leftover > 2n ** 64n).to.equal(true);
    const before = await balanceIn(m, m.requester.address);
    await settle(m, await forge(m, request));
    expect((await balanceIn(m, m.requester.address)) - before).to.equal(leftover);
    expect(decodeSlotWord(await m.escrow.slotOf(m.requester, 0n)).leftover).to.equal(0n);
  });
});

describe("A slot", () => {
  const market = useMarket({ task: { window: 3_000 } });

  async function settledSlot() {
    const m = market();
    const request = await askAndPost(m);
    const members = await committeeOf(m.world, request);
    await settle(m, await forge(m, request));
    const { leftover } = payoutOf({ request: request.fields, members, attested: all });
    const word = decodeSlotWord(await m.escrow.slotOf(m.requester, 0n));
    expect(word.leftover).to.equal(leftover);
    expect(leftover > 0n).to.equal(true);
    return { request, leftover, until: Number(word.untilS) };
  }

  it("is busy while its request is open, for its requester alone", async () => {
    const m = market();
    await ask(m);
    await expect(ask(m)).to.be.revertedWithCustomError(m.escrow, "SlotBusy").withArgs(m.requester.address, 0n);
    await m.escrow.connect(m.requester).deposit(m.stranger.address, 10n ** 9n);
    await expect(m.escrow.connect(m.stranger).request(paramsFor(m), "0x")).to.emit(m.escrow, "Requested");
  });

  it("is busy until its dispute window is over, to the second", async () => {
    const m = market();
    const { until } = await settledSlot();
    const snapshot = await m.networkHelpers.takeSnapshot();
    await m.networkHelpers.time.setNextBlockTimestamp(until);
    await expect(ask(m)).to.be.revertedWithCustomError(m.escrow, "SlotBusy").withArgs(m.requester.address, 0n);
    await snapshot.restore();
    await m.networkHelpers.time.setNextBlockTimestamp(until + 1);
    await ask(m);
  });

  it("gives what it still held to its next request, once", async () => {
    const m = market();
    const { leftover } = await settledSlot();
    await m.networkHelpers.time.increase(60);
    const before = await balanceIn(m, m.requester.address);
    const next = await ask(m);
    expect(await balanceIn(m, m.requester.address)).to.equal(before + leftover - lockUp(next.fields));
    await expect(m.escrow.release(m.requester.address, [0n])).not.to.emit(m.escrow, "SlotReleased");
  });

  it("gives what it still held by release, once, and is free afterwards", async () => {
    const m = market();
    const { leftover } = await settledSlot();
    await expect(m.escrow.release(m.requester.address, [0n])).not.to.emit(m.escrow, "SlotReleased"); // not free yet
    await m.networkHelpers.time.increase(60);
    const before = await balanceIn(m, m.requester.address);
    await expect(m.escrow.connect(m.stranger).release(m.requester.address, [0n, 0n, 5n]))
      .to.emit(m.escrow, "SlotReleased")
      .withArgs(m.requester.address, 0n, leftover);
    expect(await balanceIn(m, m.requester.address)).to.equal(before + leftover);
    await expect(m.escrow.release(m.requester.address, [0n])).not.to.emit(m.escrow, "SlotReleased");
    const next = await ask(m);
    expect(await balanceIn(m, m.requester.address)).to.equal(before + leftover - lockUp(next.fields));
  });

  it("can be found: the first free one of the ring", async () => {
    const m = market();
    expect(await m.escrow.freeSlot(m.requester.address, 2n)).to.equal(0n);
    await ask(m, { slot: 1n }); // the sequence is 1 now
    expect(await m.escrow.freeSlot(m.requester.address, 2n)).to.equal(0n);
    await ask(m, { slot: 0n });
    await expect(m.escrow.freeSlot(m.requester.address, 2n)).to.be.revertedWithCustomError(m.escrow, "SlotBusy");
    await expect(m.escrow.freeSlot(m.requester.address, 0n)).to.be.revertedWithCustomError(m.escrow, "EmptyRing");
  });
});
