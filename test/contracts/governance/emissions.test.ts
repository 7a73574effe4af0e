import { expect } from "chai";
import { committeeOf, answerDigest, type LocalRequest } from "../../../deploy/local/committee.ts";
import { hasBit } from "../../../sdk/committee/bitmap.ts";
import { decodeHead } from "../../../sdk/words/head.ts";
import { epochS, type GovernedMarket, mostBudget, useGovernedMarket } from "../../helpers/governed.ts";
import { forge, type Forgery } from "../../helpers/forge.ts";
import { impersonate } from "../../helpers/impersonate.ts";
import { askAndPost, paramsFor, sampleOutput, settle } from "../../helpers/market.ts";

const tokens = 10n ** 18n;
const week = 7n * 86_400n;

/** A settled request, as it is shown to the emissions. */
type Work = { readonly request: LocalRequest; readonly digest: string; readonly head: bigint };

describe("Emissions", () => {
  const market = useGovernedMarket({ nodes: 12 });

  const asTimelock = async (m: GovernedMarket) => m.emissions.connect(await impersonate(m, m.governance.timelock));

  /** Gives emissions a budget for each epoch, and as much as ten of them need. */
  const endow = async (m: GovernedMarket, budget: bigint) => {
    await m.atoma.connect(m.deployer).transfer(m.governance.emissions, 10n * budget);
    await (await asTimelock(m)).setBudget(budget);
  };

  /** A request of large pay, settled by its committee or what a forgery leaves of it. */
  const work = async (m: GovernedMarket, slot = 0n, forgery: Forgery = {}): Promise<Work> => {
    if (slot > 0n || (await m.taskRegistry.poolSize(m.taskId)) > 0n) await m.taskRegistry.publishSnapshot(m.taskId);
    const request = await askAndPost(m, { ...paramsFor(m, { units: 100_000n, slot }) });
    const settlement = await forge(m, request, forgery);
    await settle(m, settlement);
    return { request, digest: answerDigest(request, { output: sampleOutput }), head: settlement.head };
  };
  const shown = ({ request, digest, head }: Work) => ({ request: request.words, digest, head });

  /** Protocol fees on each paid member's own pay, written out: nothing is taken from the code under test. */
  const feesOf = async (m: GovernedMarket, { request, head }: Work): Promise<Map<bigint, bigint>> => {
    const { attested } = decodeHead(head);
    const { units, askExponent, protocolFeeBps } = request.fields;
    const members = await committeeOf(m.world, request);
    const paid = members.filter((_, seat) => hasBit(attested, seat));
    return new Map(
      paid.map(({ nodeId, ask }) => [nodeId, (ask * units * 10n ** askExponent * protocolFeeBps) / 10_000n]),
    );
  };

  it("credit each paid member the fee on its own pay at the price in force, and absent ones nothing", async () => {
    const m = market();
    await endow(m, 1_000n * tokens);
    const done = await work(m, 0n, { attested: 0b10111n });
    const fees = await feesOf(m, done);
    expect(fees.size).to.equal(4);
    const price = await m.emissions.price();
    expect(price).to.equal(10n * (await m.taskRegistry.stakePrice()));
    await m.emissions.connect(m.stranger).record([shown(done)]);
    const epoch = await m.emissions.currentEpoch();
    let total = 0n;
    for (const nodeId of m.nodes.map((node) => node.nodeId)) {
      const value = ((fees.get(nodeId) ?? 0n) * tokens) / price;
      expect(await m.emissions.creditOf(epoch, nodeId), `node ${nodeId}`).to.equal(value);
      total += value;
    }
    expect(total > 0n).to.equal(true);
    expect((await m.emissions.epochOf(epoch)).valued).to.equal(total);
  });

  it("pay that value after the epoch, once, to the node's owner, and less when the budget is less", async () => {
    const m = market();
    await endow(m, 1_000n * tokens);
    const done = await work(m);
    await m.emissions.record([shown(done)]);
    const epoch = await m.emissions.currentEpoch();
    const [nodeId, fee] = [...(await feesOf(m, done))][0] ?? [0n, 0n];
    const value = (fee * tokens) / (await m.emissions.price());
    await expect(m.emissions.claim(nodeId, epoch)).to.be.revertedWithCustomError(m.emissions, "EpochNotOver");
    await m.networkHelpers.time.increase(epochS);
    await expect(m.emissions.connect(m.stranger).claim(nodeId, epoch)).to.changeTokenBalance(
      m.ethers,
      m.atoma,
      m.owner,
      value,
    );
    await expect(m.emissions.claim(nodeId, epoch))
      .to.be.revertedWithCustomError(m.emissions, "NothingToClaim")
      .withArgs(nodeId, epoch);
  });

  it("never pay more than an epoch's budget: what is worth more is shared in proportion", async () => {
    const m = market();
    const budget = 10n ** 15n;
    await endow(m, budget);
    const done = await work(m);
    await m.emissions.record([shown(done)]);
    const epoch = await m.emissions.currentEpoch();
    const { valued } = await m.emissions.epochOf(epoch);
    expect(valued > budget).to.equal(true);
    await m.networkHelpers.time.increase(epochS);
    let paid = 0n;
    for (const nodeId of (await feesOf(m, done)).keys()) {
      const value = await m.emissions.creditOf(epoch, nodeId);
      const before = await m.atoma.balanceOf(m.owner);
      await m.emissions.claim(nodeId, epoch);
      const got = (await m.atoma.balanceOf(m.owner)) - before;
      expect(got).to.equal((value * budget) / valued);
      paid += got;
    }
    expect(paid <= budget && paid > budget - 10n).to.equal(true);
  });

  it("count a request once, however often it is shown, and in however many calls", async () => {
    const m = market();
    await endow(m, 1_000n * tokens);
    const [first, second] = [await work(m), await work(m, 1n)];
    await m.emissions.record([shown(first), shown(first)]);
    const epoch = await m.emissions.currentEpoch();
    const once = (await m.emissions.epochOf(epoch)).valued;
    await expect(m.emissions.record([shown(first)])).to.be.revertedWithCustomError(m.emissions, "NothingRecorded");
    await m.emissions.record([shown(first), shown(second)]); // who shows the first before cannot keep the second out
    const both = (await m.emissions.epochOf(epoch)).valued;
    const sum = async (done: Work) =>
      [...(await feesOf(m, done)).values()].reduce((total, fee) => total + (fee * tokens) / 10_000_000n, 0n);
    expect([once, both]).to.deep.equal([await sum(first), (await sum(first)) + (await sum(second))]);
  });

  it("refuse what was not settled, or not like that", async () => {
    const m = market();
    await endow(m, 1_000n * tokens);
    const open = await askAndPost(m, { ...paramsFor(m, { units: 100_000n, slot: 5n }) });
    const done = await work(m);
    const digest = answerDigest(open, { output: sampleOutput });
    const refused: readonly Work[] = [
      { request: open, digest, head: done.head },
      { ...done, digest: `0x${"11".repeat(32)}` },
      { ...done, head: done.head ^ (1n << 104n) },
      {
        ...done,
        request: { ...done.request, words: { ...done.request.words, work: `0x${"00".repeat(31)}01` } },
      } as unknown as Work,
    ];
    for (const [i, wrong] of refused.entries()) {
      const attempt = m.emissions.record([{ ...shown(wrong) }]);
      await expect(attempt, `case ${i}`).to.be.revertedWithCustomError(m.emissions, "NotSettled");
    }
  });

  it("do not pay for tips: a settler that tips itself earns nothing by it", async () => {
    const m = market();
    await endow(m, 1_000n * tokens);
    await m.taskRegistry.publishSnapshot(m.taskId);
    const small = await askAndPost(m, paramsFor(m, { units: 100n, tip: 100_000n }));
    const large = await askAndPost(m, paramsFor(m, { units: 100n, tip: 400_000_000n, slot: 1n }));
    for (const request of [small, large]) await settle(m, await forge(m, request));
    const value = async (request: LocalRequest) => {
      const settlement = await forge(m, request);
      const epoch = await m.emissions.currentEpoch();
      const before = (await m.emissions.epochOf(epoch)).valued;
      const digest = answerDigest(request, { output: sampleOutput });
      await m.emissions.record([{ request: request.words, digest, head: settlement.head }]);
      return (await m.emissions.epochOf(epoch)).valued - before;
    };
    const fees = 5n * ((5n * 100n * 300n) / 10_000n);
    for (const request of [small, large]) expect(await value(request)).to.equal((fees * tokens) / 10_000_000n);
  });

  it("pay nothing to a jailed node", async () => {
    const m = market();
    await endow(m, 1_000n * tokens);
    const done = await work(m);
    await m.emissions.record([shown(done)]);
    const epoch = await m.emissions.currentEpoch();
    const [nodeId] = [...(await feesOf(m, done)).keys()];
    const disputes = await impersonate(m, m.instance.disputes);
    await m.nodeRegistry.connect(disputes).jail(nodeId ?? 0n, m.taskId);
    await m.networkHelpers.time.increase(epochS);
    await expect(m.emissions.claim(nodeId ?? 0n, epoch))
      .to.be.revertedWithCustomError(m.emissions, "NodeIsJailed")
      .withArgs(nodeId);
  });

  it("set no more aside than they hold, and lend what an epoch owes to no other", async () => {
    const m = market();
    await (await asTimelock(m)).setBudget(1_000n * tokens);
    await m.atoma.connect(m.deployer).transfer(m.governance.emissions, 600n * tokens);
    await m.emissions.record([shown(await work(m))]);
    const first = await m.emissions.currentEpoch();
    const { budget: held, valued } = await m.emissions.epochOf(first);
    expect(held).to.equal(600n * tokens);
    await m.networkHelpers.time.increase(epochS);
    await m.emissions.record([shown(await work(m, 1n))]);
    const budgets = [await m.emissions.epochOf(first), await m.emissions.epochOf(first + 1n)].map((e) => e.budget);
    expect(budgets).to.deep.equal([valued, 600n * tokens - valued]);
    expect(await m.emissions.available()).to.equal(0n);
    await expect((await asTimelock(m)).giveBack(1n))
      .to.be.revertedWithCustomError(m.emissions, "InsufficientFunds")
      .withArgs(0n, 1n);
  });

  it("free once what an epoch did not need, whoever comes first: the next epoch, a claim, or the close", async () => {
    const m = market();
    await endow(m, 1_000n * tokens);
    await m.emissions.record([shown(await work(m))]);
    const first = await m.emissions.currentEpoch();
    const { valued } = await m.emissions.epochOf(first);
    await m.networkHelpers.time.increase(400n * 86_400n);
    await expect(m.emissions.close(first)).to.emit(m.emissions, "EpochClosed").withArgs(first, valued);
    expect(await m.emissions.available()).to.equal(10_000n * tokens);
    await m.emissions.record([shown(await work(m, 1n))]);
    expect(await m.emissions.available()).to.equal(9_000n * tokens);
  });

  it("free what an epoch did not need at its first claim, and what nobody claimed after a year", async () => {
    const m = market();
    await endow(m, 1_000n * tokens);
    const done = await work(m);
    await m.emissions.record([shown(done)]);
    const epoch = await m.emissions.currentEpoch();
    const { valued } = await m.emissions.epochOf(epoch);
    const [nodeId, other] = [...(await feesOf(m, done)).keys()];
    await m.networkHelpers.time.increase(epochS);
    await m.emissions.claim(nodeId ?? 0n, epoch);
    const held = await m.atoma.balanceOf(m.governance.emissions);
    const owed = valued - (10_000n * tokens - held);
    expect(await m.emissions.available()).to.equal(held - owed);
    await expect(m.emissions.close(epoch)).to.be.revertedWithCustomError(m.emissions, "ClaimsGoOn");
    await m.networkHelpers.time.increase(365n * 86_400n + 1n);
    await expect(m.emissions.close(epoch)).to.emit(m.emissions, "EpochClosed").withArgs(epoch, owed);
    await expect(m.emissions.claim(other ?? 0n, epoch)).to.be.revertedWithCustomError(m.emissions, "ClaimsAreOver");
    await expect(m.emissions.close(epoch)).to.be.revertedWithCustomError(m.emissions, "ClaimsAreOver");
    await (await asTimelock(m)).giveBack(held);
    expect(await m.atoma.balanceOf(m.governance.treasury)).to.equal(held);
  });

  describe("settings", () => {
    it("keep the budget under its cap", async () => {
      const emissions = await asTimelock(market());
      await expect(emissions.setBudget(mostBudget + 1n))
        .to.be.revertedWithCustomError(emissions, "BudgetOutOfBounds")
        .withArgs(mostBudget + 1n, mostBudget);
      await expect(emissions.setBudget(mostBudget)).to.emit(emissions, "BudgetSet").withArgs(mostBudget);
    });

    it("lower the price by a fifth a week at most, and raise it at any time", async () => {
      const m = market();
      const emissions = await asTimelock(m);
      const price = await emissions.price();
      await m.networkHelpers.time.increase(week);
      await expect(emissions.setPrice((price * 4n) / 5n - 1n))
        .to.be.revertedWithCustomError(emissions, "PriceOutOfBounds")
        .withArgs((price * 4n) / 5n - 1n, (price * 4n) / 5n, 2n ** 128n - 1n);
      const fifthLess = (price * 4n) / 5n;
      const setAt = async (timeS: bigint, value: bigint) => {
        await m.networkHelpers.time.setNextBlockTimestamp(timeS);
        return emissions.setPrice(value);
      };
      const atS = BigInt(await m.networkHelpers.time.latest()) + 10n;
      await expect(setAt(atS, fifthLess)).to.emit(emissions, "PriceSet").withArgs(fifthLess);
      expect(await emissions.price()).to.equal(fifthLess);
      await expect(setAt(atS + week - 1n, fifthLess - 1n))
        .to.be.revertedWithCustomError(emissions, "PriceSetTooSoon")
        .withArgs(atS + week);
      await expect(setAt(atS + week, fifthLess - 1n)).to.emit(emissions, "PriceSet");
      await expect(emissions.setPrice(price * 3n))
        .to.emit(emissions, "PriceSet")
        .withArgs(price * 3n);
    });

    it("are checked when the contract is made", async () => {
      const m = market();
      const factory = await m.ethers.getContractFactory("Emissions");
      const of = (epochLength: bigint, price: bigint) =>
        factory.deploy(m.atoma, m.escrow, m.authority, epochLength, mostBudget, price);
      for (const [epochLength, price] of [
        [0n, 1n],
        [90n * 86_400n + 1n, 1n],
        [epochS, 0n],
      ] as const) {
        await expect(of(epochLength, price)).to.be.revertedWithCustomError(factory, "InvalidSettings");
      }
      expect(await (await of(90n * 86_400n, 1n)).EPOCH()).to.equal(90n * 86_400n);
    });

    it("never value ATOMA below four stake prices, whatever the stake price becomes", async () => {
      const m = market();
      const emissions = await asTimelock(m);
      const timelock = await impersonate(m, m.governance.timelock);
      const stakePrice = await m.taskRegistry.stakePrice();
      for (let i = 0; i < 8; i++) {
        await m.networkHelpers.time.increase(week);
        const price = await emissions.price();
        if (price > 4n * stakePrice) await emissions.setPrice(max((price * 4n) / 5n, 4n * stakePrice));
      }
      expect(await emissions.price()).to.equal(4n * stakePrice);
      await expect(emissions.setPrice(4n * stakePrice - 1n)).to.be.revertedWithCustomError(
        emissions,
        "PriceOutOfBounds",
      );
      await m.taskRegistry.connect(timelock).setStakePrice((stakePrice * 6n) / 5n);
      const floor = 4n * ((stakePrice * 6n) / 5n);
      expect(await emissions.price()).to.equal(floor);
      const done = await work(m);
      await emissions.record([shown(done)]);
      for (const [nodeId, fee] of await feesOf(m, done)) {
        expect(await emissions.creditOf(await emissions.currentEpoch(), nodeId)).to.equal((fee * tokens) / floor);
      }
    });
  });
});

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
