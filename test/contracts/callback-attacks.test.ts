import { expect } from "chai";
import { type ContractTransactionResponse, ZeroHash } from "ethers";
import { keccak256 } from "viem";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import { payoutOf } from "../../sdk/money/payout.ts";
import { decodeSlotWord } from "../../sdk/words/slot-word.ts";
import { committeeOf } from "../../deploy/local/committee.ts";
import { digestOf } from "../../sdk/agreement/digest.ts";
import type { EvilConsumer } from "../../types/index.js";
import { consumerAsks, hireConsumer, moods } from "../helpers/consumer.ts";
import { forge } from "../helpers/forge.ts";
import {
  balanceIn,
  type Market,
  paramsFor,
  post,
  requestOf,
  sampleOutput,
  selectorOf,
  settle,
  useMarket,
} from "../helpers/market.ts";

const retryWindowS = 7 * 86_400;
/** What a settlement of five costs beside its callback, at most. */
const settlementCeiling = 250_000n;

describe("A callback", () => {
  const market = useMarket({ task: { window: 30_000 } });

  it("delivers the request's id, status, digest and output to the requester", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const request = await consumerAsks(m, consumer);
    const digest = digestOf({ status: 0n, usage: 1_000n, outputHash: keccak256(sampleOutput) });
    await expect(settle(m, await forge(m, request)))
      .to.emit(consumer, "Delivered")
      .withArgs(request.requestId, 0n, digest, sampleOutput);
  });

  it("comes after every item of the batch is accounted for", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const [a, b, c] = [
      await consumerAsks(m, consumer, { callbackGas: 2_000_000n }),
      await consumerAsks(m, consumer, { slot: 1n }),
      await consumerAsks(m, consumer, { slot: 2n }),
    ];
    const [settlementA, settlementB, settlementC] = [await forge(m, a), await forge(m, b), await forge(m, c)];
    await consumer.setScript([
      m.escrow.interface.encodeFunctionData("settle", [[settlementB], []]), // of the batch: settled already
      m.escrow.interface.encodeFunctionData("settle", [[settlementC], []]), // of no batch: anyone may settle it
    ]);
    const settled = settle(m, settlementA, settlementB);
    const nothing = selectorOf(m, "NothingSettled");
    await expect(settled).to.emit(consumer, "Reentered").withArgs(0n, false, nothing);
    await expect(settled).to.emit(m.escrow, "Settled").withArgs(c.requestId, anything, settlementC.head);
    expect(await balanceIn(m, m.settler.address)).to.equal(2n * 100_000n);
  });

  it("that re-enters everything gains nothing that it could not do outside", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const other = await consumerAsks(m, consumer, { slot: 7n, challengeWindow: 50n, callbackGas: 0n });
    const recorded = await forge(m, other);
    await settle(m, recorded);
    const request = await consumerAsks(m, consumer, { callbackGas: 2_000_000n });
    const settlement = await forge(m, request);
    const { interface: core } = await m.ethers.getContractAt("RequestEscrow", m.escrow);
    const encode = m.escrow.interface.encodeFunctionData.bind(m.escrow.interface);
    const bundled = (calls: string[]) => core.encodeFunctionData("multicall", [calls]);
    const again = encode("settle", [[settlement], []]);
    const free = await balanceIn(m, await consumer.getAddress());
    const script: readonly (readonly [string, string, boolean])[] = [
      [again, selectorOf(m, "NothingSettled"), false],
      [encode("retryCallback", [settlement]), selectorOf(m, "OutcomeUnknown"), false],
      [encode("finalize", [settlement, m.settler.address]), selectorOf(m, "OutcomeUnknown"), false],
      [encode("finalize", [recorded, m.settler.address]), selectorOf(m, "ChallengeWindowOpen"), false],
      [encode("expire", [request.words]), selectorOf(m, "NotOpen"), false],
      [encode("request", [paramsOf(m, 0n), "0x"]), selectorOf(m, "SlotBusy"), false],
      [bundled([encode("release", [consumer.target, [0n]]), again]), selectorOf(m, "NothingSettled"), false],
      [encode("withdraw", [m.stranger.address, free + 1n]), selectorOf(m, "InsufficientBalance"), false],
      [encode("withdraw", [m.stranger.address, 1_000n]), "0x00000000", true],
    ];
    await consumer.setScript(script.map(([call]) => call));
    const settled = settle(m, settlement);
    for (const [i, [, result, success]] of script.entries()) {
      await expect(settled).to.emit(consumer, "Reentered").withArgs(BigInt(i), success, result);
    }
    expect(await m.token.balanceOf(m.stranger)).to.equal(1_000n);
    expect(await consumer.deliveries()).to.equal(1n);
  });

  it("may ask again at once, in another slot", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const request = await consumerAsks(m, consumer);
    await consumer.setScript([m.escrow.interface.encodeFunctionData("request", [paramsOf(m, 1n), "0x"])]);
    await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Requested");
  });

  it("cannot be made up: only the escrow's own slot leads to the requester", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const request = await consumerAsks(m, consumer);
    const settlement = await forge(m, request);
    const retry = m.escrow.retryCallback(settlement);
    await expect(retry).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
    expect(await consumer.deliveries()).to.equal(0n);
  });

  for (const [name, mood] of [
    ["reverts", moods.reverting],
    ["eats all its gas", moods.burning],
    ["reverts with 600,000 bytes", moods.revertingLong],
  ] as const) {
    it(`that ${name} blocks no payment, and can be retried`, async () => {
      const m = market();
      const consumer = await hireConsumer(m);
      const callbackGas = 2_000_000n;
      const request = await consumerAsks(m, consumer, { callbackGas });
      await consumer.setMood(mood);
      const settlement = await forge(m, request);
      const settled = await settle(m, settlement);
      await expect(settled).to.emit(m.escrow, "CallbackFailed").withArgs(request.requestId);
      await expect(settled).to.emit(m.escrow, "Settled").withArgs(request.requestId, anything, settlement.head);
      expect(await gasOf(settled)).to.be.below(callbackGas + settlementCeiling);
      expect(await balanceIn(m, m.settler.address)).to.equal(100_000n);
      await consumer.setMood(moods.quiet);
      const retried = m.escrow.connect(m.stranger).retryCallback(settlement);
      await expect(retried).to.emit(m.escrow, "CallbackDelivered").withArgs(request.requestId);
      expect(await consumer.lastRequestId()).to.equal(request.requestId);
    });
  }

  it("that returns 600,000 bytes costs the settler no more than its gas", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const request = await consumerAsks(m, consumer, { callbackGas: 2_000_000n });
    await consumer.setMood(moods.returning);
    const settled = await settle(m, await forge(m, request));
    await expect(settled).not.to.emit(m.escrow, "CallbackFailed");
    expect(await gasOf(settled)).to.be.below(2_000_000n + settlementCeiling);
  });

  it("that fails does not keep the others of the batch from theirs", async () => {
    const m = market();
    const [evil, good] = [await hireConsumer(m), await hireConsumer(m)];
    const [bad, fine] = [await consumerAsks(m, evil), await consumerAsks(m, good)];
    await evil.setMood(moods.burning);
    const settled = settle(m, await forge(m, bad), await forge(m, fine));
    await expect(settled).to.emit(m.escrow, "CallbackFailed").withArgs(bad.requestId);
    await expect(settled).to.emit(good, "Delivered").withArgs(fine.requestId, 0n, anything, sampleOutput);
  });

  it("to an account without code is delivered by doing nothing", async () => {
    const m = market();
    const params = paramsFor(m, { callbackGas: 50_000n });
    const request = await requestOf(m, await m.escrow.connect(m.requester).request(params, "0x"));
    await post(m, request);
    await expect(settle(m, await forge(m, request))).not.to.emit(m.escrow, "CallbackFailed");
  });

  describe("that failed", () => {
    async function failedCallback(): Promise<[EvilConsumer, Settlement]> {
      const m = market();
      const consumer = await hireConsumer(m);
      const request = await consumerAsks(m, consumer);
      await consumer.setMood(moods.reverting);
      const settlement = await forge(m, request);
      await settle(m, settlement);
      return [consumer, settlement];
    }

    it("is delivered once: a second retry finds nothing", async () => {
      const m = market();
      const [consumer, settlement] = await failedCallback();
      await consumer.setMood(moods.quiet);
      await m.escrow.retryCallback(settlement);
      await expect(m.escrow.retryCallback(settlement)).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
      expect(await consumer.deliveries()).to.equal(1n);
    });

    it("is delivered once even if it re-enters its retry", async () => {
      const m = market();
      const [consumer, settlement] = await failedCallback();
      await consumer.setMood(moods.quiet);
      await consumer.setScript([m.escrow.interface.encodeFunctionData("retryCallback", [settlement])]);
      await expect(m.escrow.retryCallback(settlement))
        .to.emit(consumer, "Reentered")
        .withArgs(0n, false, selectorOf(m, "OutcomeUnknown"));
      expect(await consumer.deliveries()).to.equal(1n);
    });

    it("can fail again, and be retried again", async () => {
      const m = market();
      const [consumer, settlement] = await failedCallback();
      await expect(m.escrow.retryCallback(settlement)).to.be.revertedWithCustomError(m.escrow, "CallbackReverted");
      await consumer.setMood(moods.quiet);
      await expect(m.escrow.retryCallback(settlement)).to.emit(m.escrow, "CallbackDelivered");
    });

    it("is not delivered with another output or other attesters", async () => {
      const m = market();
      const [consumer, settlement] = await failedCallback();
      await consumer.setMood(moods.quiet);
      const attempts = [
        m.escrow.retryCallback({ ...settlement, output: "0xee" }),
        m.escrow.retryCallback({ ...settlement, head: settlement.head ^ (1n << 104n) }),
        m.escrow.retryCallback({ ...settlement, head: settlement.head + 256n }),
      ];
      for (const attempt of attempts) {
        await expect(attempt).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
      }
    });

    it("is delivered in the last second of seven days, and not in the next", async () => {
      const m = market();
      const [consumer, settlement] = await failedCallback();
      await consumer.setMood(moods.quiet);
      const word = await m.escrow.slotOf(consumer, 0n);
      const until = Number(decodeSlotWord(word).untilS);
      expect(until - (await m.networkHelpers.time.latest())).to.be.within(retryWindowS - 5, retryWindowS);
      const snapshot = await m.networkHelpers.takeSnapshot();
      await m.networkHelpers.time.setNextBlockTimestamp(until + 1);
      await expect(m.escrow.retryCallback(settlement)).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
      await snapshot.restore();
      await m.networkHelpers.time.setNextBlockTimestamp(until);
      await expect(m.escrow.retryCallback(settlement)).to.emit(m.escrow, "CallbackDelivered");
    });

    it("keeps its slot until the retries are over", async () => {
      const m = market();
      const [consumer] = await failedCallback();
      const asked = () => consumer.ask(paramsOf(m, 0n), "0x");
      await expect(asked()).to.be.revertedWithCustomError(m.escrow, "SlotBusy").withArgs(consumer, 0n);
      await m.networkHelpers.time.increase(retryWindowS + 1);
      await m.taskRegistry.publishSnapshot(m.taskId);
      await expect(asked()).to.emit(m.escrow, "Requested");
    });
  });

  describe("with stingy gas", () => {
    /** The consumer needs nearly all it asked for, so that a gas less would be seen. */
    const callbackGas = 400_000n;
    const entryCost = 2_000n;

    it("gets exactly what it asked for or the settlement reverts, whatever the settler sends", async () => {
      const m = market();
      const consumer = await hireConsumer(m);
      const request = await consumerAsks(m, consumer, { callbackGas });
      const settlement = await forge(m, request);
      await expectExactGas(m, consumer, (gasLimit) =>
        m.escrow.connect(m.settler).settle([settlement], [], { gasLimit }),
      );
    });

    it("gets exactly what it asked for from finalize", async () => {
      const m = market();
      const consumer = await hireConsumer(m);
      const request = await consumerAsks(m, consumer, { callbackGas, challengeWindow: 60n });
      const settlement = await forge(m, request);
      await settle(m, settlement);
      await m.networkHelpers.time.increase(61);
      await expectExactGas(m, consumer, (gasLimit) => m.escrow.finalize(settlement, m.settler.address, { gasLimit }));
    });

    it("gets exactly what it asked for from a retry", async () => {
      const m = market();
      const consumer = await hireConsumer(m);
      const request = await consumerAsks(m, consumer, { callbackGas });
      const settlement = await forge(m, request);
      await consumer.setMood(moods.reverting);
      await settle(m, settlement);
      await consumer.setMood(moods.quiet);
      await expectExactGas(m, consumer, (gasLimit) => m.escrow.retryCallback(settlement, { gasLimit }));
    });

    /** Bisects the gas limit with real transactions, and looks closely at the least one that works. */
    async function expectExactGas(
      m: Market,
      consumer: EvilConsumer,
      send: (gasLimit: bigint) => Promise<ContractTransactionResponse>,
    ) {
      await consumer.setBurnDownTo(180_000n); // what is left is for recording the delivery
      const snapshot = await m.networkHelpers.takeSnapshot();
      const works = async (gasLimit: bigint) => {
        const delivered = await deliveredWith(m, consumer, send, gasLimit);
        await snapshot.restore();
        return delivered;
      };
      let [least, most] = [100_000n, 1_500_000n];
      expect(await works(least)).to.equal(false);
      expect(await works(most)).to.equal(true);
      while (most - least > 1n) {
        const middle = (least + most) / 2n;
        if (await works(middle)) most = middle;
        else least = middle;
      }
      for (let gasLimit = most - 20_000n; gasLimit < most + 20_000n; gasLimit += 997n) await works(gasLimit);
      const starved = send(least);
      await expect(starved).to.be.revertedWithCustomError(m.escrow, "InsufficientGas");
    }

    /** Whether it was delivered. If it was, with all its gas; a stingy caller never makes it fail. */
    async function deliveredWith(
      m: Market,
      consumer: EvilConsumer,
      send: (gasLimit: bigint) => Promise<ContractTransactionResponse>,
      gasLimit: bigint,
    ) {
      const transaction = await send(gasLimit).catch(() => undefined);
      if (transaction === undefined) {
        expect(await consumer.deliveries()).to.equal(0n);
        return false;
      }
      const receipt = await transaction.wait();
      expect(receipt?.status).to.equal(1);
      await expect(transaction).not.to.emit(m.escrow, "CallbackFailed");
      expect(await consumer.gasAtEntry()).to.be.within(callbackGas - entryCost, callbackGas);
      expect(await consumer.deliveries()).to.equal(1n);
      return true;
    }
  });

  it("moves no money of the request that its payment has not moved", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const request = await consumerAsks(m, consumer);
    const members = await committeeOf(m.world, request);
    const { leftover } = payoutOf({ request: request.fields, members, attested: 0b11111n });
    await consumer.setScript([m.escrow.interface.encodeFunctionData("release", [consumer.target, [0n]])]);
    const before = await balanceIn(m, await consumer.getAddress());
    await settle(m, await forge(m, request)); // the slot is not free yet: the left-over stays in it
    expect(await balanceIn(m, await consumer.getAddress())).to.equal(before);
    expect(decodeSlotWord(await m.escrow.slotOf(consumer, 0n)).leftover).to.equal(leftover);
    expect(await m.escrow.rootOf(request.requestId)).to.equal(ZeroHash);
  });
});

const anything = () => true;

const paramsOf = (market: Market, slot: bigint) => paramsFor(market, { slot });

async function gasOf(transaction: ContractTransactionResponse): Promise<bigint> {
  return (await transaction.wait())?.gasUsed ?? 0n;
}
