import { expect } from "chai";
import { commit, reveal, revealedBy, stall, type Stalled } from "../../helpers/fallback.ts";
import { forge } from "../../helpers/forge.ts";
import { askAndPost, settle, useMarket } from "../../helpers/market.ts";
import { openPurse } from "../../helpers/purse.ts";
import { atoma, stakePerNode } from "../../helpers/trial.ts";

const others = [0, 1, 2, 3];
const staller = 4;

/**
 * A member answers nobody, so that the others have to go on chain. The honest way pays it its ask. That a staller copies what
 * others revealed off chain, and is not paid, is in test/contracts/fallback-attacks.test.ts.
 */
describe("The best case of stalling into the fallback", () => {
  const market = useMarket({
    adjust: (p) => ({ ...p, parameters: { ...p.parameters, fallbackDelay: 10, chainPhase: 100 } }),
  });

  async function stage() {
    const m = market();
    const s = await stall(m, await askAndPost(m));
    const purse = await openPurse(m, { accounts: [], nodes: [s.nodeOf(staller)] });
    const ask = s.members[staller]?.ask ?? 0n;
    const pay = (ask * s.request.fields.units * atoma) / (await m.taskRegistry.stakePrice());
    return { m, s, purse, pay };
  }

  async function onChain(s: Stalled, seats: readonly number[]) {
    const m = market();
    await m.networkHelpers.time.increaseTo(s.times.fallbackAtS);
    for (const i of seats) await commit(s, i);
    await m.networkHelpers.time.increaseTo(s.times.chainCommitEndS + 1n);
    for (const i of seats) await reveal(s, i);
    await m.networkHelpers.time.increaseTo(s.times.deadlineS + 1n);
    await m.escrow.connect(m.settler).settleRevealed(revealedBy(s, seats));
  }

  it("is worse than to answer, which pays", async () => {
    const { m, s, purse, pay } = await stage();
    await settle(m, await forge(m, s.request));
    expect(await purse.profit()).to.equal(pay);
  });

  it("is nothing where the others are a quorum without it", async () => {
    const { m, s, purse } = await stage();
    await settle(m, await forge(m, s.request, { committed: 0b01111n }));
    expect(await purse.profit()).to.equal(0n);
  });

  it("is to lose a hundredth of its stake where it does nothing on chain either", async () => {
    const { m, s, purse } = await stage();
    await onChain(s, others);
    await m.escrow.connect(m.stranger).slashNoShow(s.request.words, staller);
    expect(await purse.profit()).to.equal(-stakePerNode / 100n);
  });

  it("is the same pay, less its own gas, where it goes on chain with the others", async () => {
    const { s, purse, pay } = await stage();
    await onChain(s, [...others, staller]);
    expect(await purse.profit()).to.equal(pay);
  });

  it("is nothing where stallers keep the others from a quorum: the request is refunded, and nobody is paid", async () => {
    const { m, s, purse } = await stage();
    await m.networkHelpers.time.increaseTo(s.times.fallbackAtS);
    for (const i of [0, 1, 2]) await commit(s, i); // two of five stall
    await m.networkHelpers.time.increaseTo(s.times.deadlineS + 1_000n);
    await expect(m.escrow.expire(s.request.words)).to.emit(m.escrow, "Refunded");
    expect(await purse.profit()).to.equal(0n);
  });
});
