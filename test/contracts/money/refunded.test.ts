import { expect } from "chai";
import type { LocalRequest } from "../../../deploy/local/committee.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { forge } from "../../helpers/forge.ts";
import { openLedger } from "../../helpers/ledger.ts";
import { ask, askAndPost, post, selectorOf, settle, useMarket } from "../../helpers/market.ts";
import { lockOf, oddAsks, oddTerms } from "../../helpers/shares.ts";

describe("The money of a request that is refunded", () => {
  const market = useMarket({
    asks: oddAsks,
    adjust: (p) => ({ ...p, parameters: { ...p.parameters, beaconDelay: 20, beaconTimeout: 60 } }),
  });

  /** Runs a request to its refund for a reason, by a stranger: all of the lock is the requester's again, and nobody is paid. */
  async function expectRefund(
    reason: Parameters<typeof selectorOf>[1],
    changes: object,
    live: (request: LocalRequest) => Promise<unknown>,
  ) {
    const m = market();
    const ledger = await openLedger(m);
    const request = await ask(m, { ...oddTerms, ...changes });
    const lock = lockOf(request);
    await live(request);
    await expect(m.escrow.connect(m.stranger).expire(request.words))
      .to.emit(m.escrow, "Refunded")
      .withArgs(request.requestId, m.requester.address, lock, selectorOf(m, reason));
    await ledger.expectEquation({ paid: { requester: lock }, parts: { requester: lock } });
  }

  it("without a quorum is the whole lock", async () => {
    const m = market();
    await expectRefund("DeadlinePassed", {}, async (request) => {
      await post(m, request);
      const tooFew = await forge(m, request, { committed: 0b111n }); // three of five; four are a quorum
      await expect(settle(m, tooFew)).to.be.revertedWithCustomError(m.escrow, "NothingSettled");
      await m.networkHelpers.time.increase(1_000n);
    });
  });

  it("without its beacon's round is the whole lock", async () => {
    await expectRefund("RoundUnknown", {}, () => market().networkHelpers.time.increase(1_000n));
  });

  it("whose round was posted too late is the whole lock", async () => {
    const m = market();
    await expectRefund("RoundTooLate", {}, async (request) => {
      await m.networkHelpers.time.increase(1_000n);
      await post(m, request);
    });
  });

  it("whose round was posted before its time is the whole lock, at once", async () => {
    const m = market();
    await expectRefund("ClockLagged", {}, async ({ fields: { round, submittedAtS } }) => {
      expect(timeOf(m.world.beacon, round) - submittedAtS).to.equal(20n);
      await m.beacon.submit(round, m.world.beacon.sign(round)); // a second after it was asked
    });
  });

  it("whose pool is too small at its price is the whole lock, at once", async () => {
    const m = market();
    await expectRefund("CommitteeIncomplete", { maxAsk: 5n }, (request) => post(m, request)); // four of twelve ask 5
  });

  it("is not paid a second time", async () => {
    const m = market();
    const ledger = await openLedger(m);
    const request = await askAndPost(m, { ...oddTerms, maxAsk: 5n });
    await m.escrow.expire(request.words);
    await expect(m.escrow.expire(request.words)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
    await ledger.expectEquation({ paid: { requester: lockOf(request) }, parts: { requester: lockOf(request) } });
  });
});
