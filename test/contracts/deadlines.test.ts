import { expect } from "chai";
import type { LocalRequest } from "../../deploy/local/committee.ts";
import { timeOf } from "../../sdk/drand/schedule.ts";
import { lockUp } from "../../sdk/money/lock.ts";
import { timelineOf } from "../../sdk/time/timeline.ts";
import { forge } from "../helpers/forge.ts";
import { ask, askAndPost, balanceIn, post, selectorOf, settle, startingBalance, useMarket } from "../helpers/market.ts";

const beaconDelayS = 20n;
const beaconTimeoutS = 60n;

describe("The time of a request", () => {
  const market = useMarket({
    adjust: (p) => ({
      ...p,
      parameters: { ...p.parameters, beaconDelay: Number(beaconDelayS), beaconTimeout: Number(beaconTimeoutS) },
    }),
  });
  const roundTimeOf = ({ fields: { round } }: LocalRequest) => timeOf(market().world.beacon, round);
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  async function postAt(request: LocalRequest, timestampS: bigint) {
    const { beacon, world } = market();
    await nextBlockAt(timestampS);
    await beacon.submit(request.fields.round, world.beacon.sign(request.fields.round));
  }

  async function expectSettleRefused(request: LocalRequest, reason: Parameters<typeof selectorOf>[1]) {
    const m = market();
    await expect(settle(m, await forge(m, request)))
      .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
      .withArgs(selectorOf(m, reason));
  }

  async function expectRefunded(request: LocalRequest, reason: Parameters<typeof selectorOf>[1]) {
    const m = market();
    await expect(m.escrow.connect(m.stranger).expire(request.words))
      .to.emit(m.escrow, "Refunded")
      .withArgs(request.requestId, m.requester.address, lockUp(request.fields), selectorOf(m, reason));
    expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance);
    await expectSettleRefused(request, "NotOpen");
    await expect(m.escrow.expire(request.words)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
  }

  async function expectNotExpired(request: LocalRequest, earliestS: bigint) {
    const { escrow } = market();
    await expect(escrow.expire(request.words)).to.be.revertedWithCustomError(escrow, "NotExpired").withArgs(earliestS);
  }

  it("binds it to a round that is still to come, at least the beacon delay ahead", async () => {
    const request = await ask(market());
    const ahead = roundTimeOf(request) - request.fields.submittedAtS;
    expect(ahead).to.equal(beaconDelayS); // rounds of one second
  });

  it("refunds it if its round is never posted, after the timeout and not in its last second", async () => {
    const request = await ask(market());
    const timeoutS = roundTimeOf(request) + beaconTimeoutS;
    await expectSettleRefused(request, "RoundUnknown");
    await nextBlockAt(timeoutS);
    await expectNotExpired(request, timeoutS);
    await nextBlockAt(timeoutS + 1n);
    await expectRefunded(request, "RoundUnknown");
  });

  it("lets it settle if its round is posted in the last second of the timeout", async () => {
    const m = market();
    const request = await ask(m);
    await postAt(request, roundTimeOf(request) + beaconTimeoutS);
    await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
  });

  it("refunds it if its round is posted later than that", async () => {
    const request = await ask(market());
    await postAt(request, roundTimeOf(request) + beaconTimeoutS + 1n);
    await expectSettleRefused(request, "RoundTooLate");
    await expectRefunded(request, "RoundTooLate");
  });

  it("lets it settle if its round is posted half the delay early, from the round's own time on", async () => {
    const m = market();
    const request = await ask(m);
    await postAt(request, roundTimeOf(request) - beaconDelayS / 2n);
    const settlement = await forge(m, request);
    const { deadlineS } = timelineOf(request.fields, roundTimeOf(request), 0n);
    await nextBlockAt(deadlineS);
    await expect(settle(m, settlement)).to.emit(m.escrow, "Settled");
  });

  it("refunds it if its round is posted earlier: the clock lags, and somebody may have known the committee", async () => {
    const request = await ask(market());
    await postAt(request, roundTimeOf(request) - beaconDelayS / 2n - 1n);
    await expectSettleRefused(request, "ClockLagged");
    await expectRefunded(request, "ClockLagged");
  });

  it("refunds it if its round was posted before it was made", async () => {
    const m = market();
    const at = BigInt(await m.networkHelpers.time.latest()) + 10n;
    const round = await m.beacon.roundAt(at + beaconDelayS);
    await m.beacon.submit(round, m.world.beacon.sign(round));
    await nextBlockAt(at);
    const request = await ask(m);
    expect(request.fields.round).to.equal(round);
    await expectSettleRefused(request, "ClockLagged");
    await expectRefunded(request, "ClockLagged");
  });

  it("lets it settle in the last second before its deadline", async () => {
    const m = market();
    const request = await askAndPost(m);
    const { postedAtS, deadlineS } = await timesOf(request);
    expect(postedAtS).to.be.at.least(roundTimeOf(request));
    const settlement = await forge(m, request);
    await nextBlockAt(deadlineS);
    await expect(settle(m, settlement)).to.emit(m.escrow, "Settled");
  });

  it("neither settles nor refunds it between its deadline and its expiry, and refunds it afterwards", async () => {
    const request = await askAndPost(market());
    const { deadlineS, expireAtS } = await timesOf(request);
    await nextBlockAt(deadlineS);
    await expectNotExpired(request, expireAtS);
    await nextBlockAt(deadlineS + 1n);
    await expectSettleRefused(request, "DeadlinePassed");
    await nextBlockAt(expireAtS);
    await expectNotExpired(request, expireAtS);
    await nextBlockAt(expireAtS + 1n);
    await expectRefunded(request, "DeadlinePassed");
  });

  it("runs from the posting of a round that is posted late", async () => {
    const request = await ask(market());
    const postedAtS = roundTimeOf(request) + beaconTimeoutS;
    await postAt(request, postedAtS);
    const { deadlineS } = await timesOf(request);
    const { windowS, fallbackDelayS, chainPhaseS } = request.fields;
    expect([windowS, fallbackDelayS, chainPhaseS]).to.deep.equal([30n, 14n, 6n]);
    expect(deadlineS).to.equal(postedAtS + windowS + fallbackDelayS + 2n * chainPhaseS);
  });

  it("refunds it at once if the draw cannot fill its committee", async () => {
    const m = market();
    const request = await ask(m, { maxAsk: 4n }); // everyone asks 5
    await post(m, request);
    await expect(m.escrow.committeeOf(request.words))
      .to.be.revertedWithCustomError(m.escrow, "SettlementRefused")
      .withArgs(selectorOf(m, "CommitteeIncomplete"));
    await expect(m.escrow.expire(request.words))
      .to.emit(m.escrow, "Refunded")
      .withArgs(request.requestId, m.requester.address, lockUp(request.fields), selectorOf(m, "CommitteeIncomplete"));
    expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance);
  });

  it("refunds no request that has settled, was never made, or was refunded", async () => {
    const m = market();
    const request = await askAndPost(m);
    await settle(m, await forge(m, request));
    for (const words of [request.words, { ...request.words, inputDigest: `0x${"99".repeat(32)}` }]) {
      await expect(m.escrow.expire(words)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
    }
  });

  it("is kept by the slot alone: a refund frees it in the same second", async () => {
    const m = market();
    const request = await ask(m, { maxAsk: 4n });
    await post(m, request);
    await m.escrow.expire(request.words);
    const next = await ask(m);
    expect(next.fields.sequence).to.equal(request.fields.sequence + 1n);
  });

  async function timesOf(request: LocalRequest) {
    const postedAtS = (await market().escrow.roundWord(request.fields.round)) & (2n ** 40n - 1n);
    return { postedAtS, ...timelineOf(request.fields, roundTimeOf(request), postedAtS) };
  }
});
