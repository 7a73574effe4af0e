import { expect } from "chai";
import { answerDigest, committeeOf } from "../../../deploy/local/committee.ts";
import { forge } from "../../helpers/forge.ts";
import { openLedger } from "../../helpers/ledger.ts";
import { askAndPost, sampleOutput, settle, useMarket } from "../../helpers/market.ts";
import { finalize } from "../../helpers/trial.ts";
import { lockOf, oddAsks, oddTerms, settledParts } from "../../helpers/shares.ts";

const windowS = 100n;
/** Of a committee of five: the default quorum attests, all have committed. */
const present = { committed: 0b11111n, attested: 0b01111n };

describe("The money of a request that is settled", () => {
  const market = useMarket({ asks: oddAsks, task: { window: 3_000 } });

  async function stage(challengeWindow: bigint) {
    const m = market();
    const ledger = await openLedger(m);
    const request = await askAndPost(m, { ...oddTerms, challengeWindow });
    const settlement = await forge(m, request, present);
    const members = await committeeOf(m.world, request);
    const equation = {
      paid: { requester: lockOf(request) },
      parts: settledParts(request, members, present.attested),
    };
    return { m, ledger, request, settlement, equation };
  }

  it("at once is its shares, and nothing is left over or missing", async () => {
    const { m, ledger, settlement, equation } = await stage(0n);
    await expect(settle(m, settlement)).to.emit(m.escrow, "Settled");
    expect(equation.parts.slot > 0n).to.equal(true);
    await ledger.expectEquation(equation);
  });

  it("after its window is the same shares, by finalize", async () => {
    const { m, ledger, settlement, equation } = await stage(windowS);
    await settle(m, settlement);
    await m.networkHelpers.time.increase(windowS + 1n);
    await expect(finalize(m, { settlement })).to.emit(m.escrow, "Settled");
    await ledger.expectEquation(equation);
  });

  it("after its window is the same shares, by finalizeWithoutOutput", async () => {
    const { m, ledger, request, settlement, equation } = await stage(windowS);
    await settle(m, settlement);
    await m.networkHelpers.time.increase(windowS + request.fields.expireDelayS + 2n);
    const digest = answerDigest(request, { output: sampleOutput });
    await m.escrow.finalizeWithoutOutput(request.words, digest, settlement.head, m.settler.address);
    await ledger.expectEquation(equation);
  });

  it("goes back to the requester's account when the slot is released: no more than what was left over", async () => {
    const { m, ledger, settlement, equation } = await stage(0n);
    await settle(m, settlement);
    await m.networkHelpers.time.increase(10n);
    await m.escrow.release(m.requester.address, [0n]);
    const { slot, ...others } = equation.parts;
    await ledger.expectEquation({ ...equation, parts: { ...others, requester: slot } });
  });
});
