import { expect } from "chai";
import type { Hex } from "viem";
import { answerDigest, committeeOf, type LocalRequest } from "../../deploy/local/committee.ts";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { decodeSlotWord } from "../../sdk/words/slot-word.ts";
import { consumerAsks, hireConsumer, moods } from "../helpers/consumer.ts";
import { forge } from "../helpers/forge.ts";
import { askAndPost, balanceIn, sampleOutput, selectorOf, settle, useMarket } from "../helpers/market.ts";

const windowS = 100n;
const expireDelayS = 4n;
const other: Hex = `0x${"d1".repeat(32)}`;

describe("A challenge window", () => {
  const market = useMarket({ task: { window: 3_000 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  async function record(changes = {}) {
    const m = market();
    const request = await askAndPost(m, { challengeWindow: windowS, ...changes });
    const settlement = await forge(m, request, { attested: 0b1111n, committed: 0b11111n });
    await settle(m, settlement);
    const { untilS } = decodeSlotWord(await m.escrow.slotOf(m.requester, 0n));
    return { request, settlement, untilS, digest: answerDigest(request, { output: sampleOutput }) };
  }

  const finalize = (settlement: Settlement) =>
    market().escrow.connect(market().stranger).finalize(settlement, market().settler.address);

  it("records the result and pays nobody before it is over", async () => {
    const m = market();
    const request = await askAndPost(m, { challengeWindow: windowS });
    const settlement = await forge(m, request);
    const at = BigInt(await m.networkHelpers.time.latest()) + 5n;
    await nextBlockAt(at);
    await expect(settle(m, settlement))
      .to.emit(m.escrow, "ResultRecorded")
      .withArgs(
        request.requestId,
        answerDigest(request, { output: sampleOutput }),
        settlement.head,
        m.settler.address,
        at + windowS,
      );
    expect(await balanceIn(m, m.settler.address)).to.equal(0n);
    expect(await earningsOf(request)).to.equal(0n);
  });

  it("is over one second after its last, and then anyone finalises for the one who settled", async () => {
    const m = market();
    const { request, settlement, untilS, digest } = await record();
    await nextBlockAt(untilS);
    await expect(finalize(settlement)).to.be.revertedWithCustomError(m.escrow, "ChallengeWindowOpen").withArgs(untilS);
    await nextBlockAt(untilS + 1n);
    await expect(finalize(settlement))
      .to.emit(m.escrow, "Settled")
      .withArgs(request.requestId, digest, settlement.head);
  });

  it("is waited for once: a recorded result is not settled, refunded or finalised again", async () => {
    const m = market();
    const { request, settlement, untilS } = await record();
    await expect(settle(m, settlement))
      .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
      .withArgs(selectorOf(m, "NotOpen"));
    await m.networkHelpers.time.increaseTo(untilS + 10_000n);
    await expect(m.escrow.expire(request.words)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
    await finalize(settlement);
    await expect(finalize(settlement)).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
  });

  it("ends with what was recorded: another settler, output or set of attesters is unknown", async () => {
    const m = market();
    const { settlement, untilS } = await record();
    await m.networkHelpers.time.increaseTo(untilS + 1n);
    const attempts = [
      m.escrow.finalize(settlement, m.stranger.address),
      m.escrow.finalize({ ...settlement, output: "0xff" }, m.settler.address),
      m.escrow.finalize({ ...settlement, head: settlement.head | (1n << 108n) }, m.settler.address),
      m.escrow.finalize({ ...settlement, head: settlement.head ^ (1n << 76n) }, m.settler.address), // a committed bit
      m.escrow.finalize(
        { ...settlement, request: { ...settlement.request, work: settlement.request.work + 1n } },
        m.settler.address,
      ),
    ];
    for (const attempt of attempts) await expect(attempt).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
    await expect(m.escrow.finalize({ ...settlement, proof: "0x" }, m.settler.address)).to.emit(m.escrow, "Settled");
  });

  it("ends with the callback, which can fail and be retried", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const request = await consumerAsks(m, consumer, { challengeWindow: windowS });
    const settlement = await forge(m, request);
    await consumer.setMood(moods.reverting);
    await settle(m, settlement);
    await m.networkHelpers.time.increase(windowS + 1n);
    await expect(finalize(settlement)).to.emit(m.escrow, "CallbackFailed").withArgs(request.requestId);
    await consumer.setMood(moods.quiet);
    await expect(m.escrow.retryCallback(settlement))
      .to.emit(consumer, "Delivered")
      .withArgs(request.requestId, 0n, answerDigest(request, { output: sampleOutput }), sampleOutput);
  });

  describe("of a result whose output nobody shows", () => {
    const endWithout = ({ words }: LocalRequest, digest: Hex, { head }: Settlement) =>
      market().escrow.connect(market().stranger).finalizeWithoutOutput(words, digest, head, market().settler.address);

    it("ends all the same once the expire delay is over too", async () => {
      const m = market();
      const { request, settlement, untilS, digest } = await record();
      const earliest = untilS + expireDelayS;
      await nextBlockAt(untilS);
      await expect(endWithout(request, digest, settlement))
        .to.be.revertedWithCustomError(m.escrow, "ChallengeWindowOpen")
        .withArgs(untilS);
      await nextBlockAt(earliest);
      await expect(endWithout(request, digest, settlement))
        .to.be.revertedWithCustomError(m.escrow, "NotExpired")
        .withArgs(earliest);
      await nextBlockAt(earliest + 1n);
      await expect(endWithout(request, digest, settlement))
        .to.emit(m.escrow, "Settled")
        .withArgs(request.requestId, digest, settlement.head);
      await expect(endWithout(request, digest, settlement)).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
      await expect(finalize(settlement)).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
    });

    it("takes no words but those that were recorded", async () => {
      const m = market();
      const { request, settlement, untilS, digest } = await record();
      await m.networkHelpers.time.increaseTo(untilS + expireDelayS + 1n);
      const [settler, { words }] = [m.settler.address, request];
      const attempts = [
        m.escrow.finalizeWithoutOutput(words, other, settlement.head, settler),
        m.escrow.finalizeWithoutOutput(words, digest, settlement.head | (1n << 108n), settler),
        m.escrow.finalizeWithoutOutput(words, digest, settlement.head ^ (1n << 76n), settler), // a committed bit
        m.escrow.finalizeWithoutOutput(words, digest, settlement.head, m.stranger.address),
        m.escrow.finalizeWithoutOutput({ ...words, terms: words.terms + 1n }, digest, settlement.head, settler),
      ];
      for (const attempt of attempts) await expect(attempt).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
      const open = await askAndPost(m, { slot: 1n });
      await expect(m.escrow.finalizeWithoutOutput(open.words, digest, settlement.head, settler))
        .to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown"); // prettier-ignore
    });

    it("still has its callback for seven days, from whoever shows the output", async () => {
      const m = market();
      const consumer = await hireConsumer(m);
      const request = await consumerAsks(m, consumer, { challengeWindow: windowS });
      const settlement = await forge(m, request);
      const digest = answerDigest(request, { output: sampleOutput });
      await settle(m, settlement);
      await m.networkHelpers.time.increase(windowS + expireDelayS + 2n);
      await expect(endWithout(request, digest, settlement))
        .to.emit(m.escrow, "CallbackFailed")
        .withArgs(request.requestId);
      await expect(m.escrow.retryCallback(settlement))
        .to.emit(consumer, "Delivered")
        .withArgs(request.requestId, 0n, digest, sampleOutput);
    });
  });

  async function earningsOf(request: LocalRequest): Promise<bigint> {
    const m = market();
    let total = 0n;
    for (const { nodeId } of await committeeOf(m.world, request)) {
      total += decodeNodeWord(await m.escrow.nodeWord(nodeId)).earnings;
    }
    return total;
  }
});
