import { expect } from "chai";
import { letExpire, reply, termsFor } from "../../helpers/ai.ts";
import { balanceIn, type Market, useMarket } from "../../helpers/market.ts";

const fee = 120_000n;

async function openCounter(m: Market) {
  const counter = await m.ethers.deployContract("SelfAsker", [m.escrow, m.requester, termsFor(m), fee]);
  await m.token.mint(m.stranger, 10n * fee);
  await m.token.connect(m.stranger).approve(counter, 10n * fee);
  return counter;
}

describe("AskerPays", () => {
  const market = useMarket({});

  it("counts nothing of a question that the contract asked for itself among what belongs to people", async () => {
    const m = market();
    const counter = await openCounter(m);
    await m.escrow.connect(m.requester).deposit(counter, 10n * fee);
    const refunded = await counter.connect(m.stranger).askAsSomebody();
    const request = await letExpire(m, refunded);
    await counter.close(request.requestId);
    expect([await counter.creditOf(m.stranger), await counter.reserved()]).to.deep.equal([fee, fee]);

    for (let i = 0; i < 2; i++) {
      const { request: own, settled } = await reply(m, await counter.askForItself(), { text: "Hello!" });
      await expect(settled).to.not.emit(m.escrow, "CallbackFailed");
      expect((await counter.questionOf(own.requestId)).askedAt).to.equal(0n);
      expect(await counter.reserved(), "the stranger's credit").to.equal(fee);
    }
    await counter.takeSurplus();
    expect(await balanceIn(m, await counter.getAddress())).to.equal(fee);
    await expect(counter.connect(m.stranger).withdraw()).to.changeTokenBalance(m.ethers, m.token, m.stranger, fee);
  });
});
