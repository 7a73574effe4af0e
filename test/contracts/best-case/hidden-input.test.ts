import { expect } from "chai";
import { binomialTail } from "../../../simulator/exact/binomial.ts";
import { bitmapOf } from "../../../sdk/committee/bitmap.ts";
import { lockUp } from "../../../sdk/money/lock.ts";
import {
  appealWindowS,
  conflict,
  convene,
  decide,
  endings,
  panelOf,
  panelTimeS,
  stage,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { balanceIn, useMarket } from "../../helpers/market.ts";
import { handOver, openPurse } from "../../helpers/purse.ts";
import { settledParts } from "../../helpers/shares.ts";
import { atoma, bondFunds, conclude, dear, nodeAt, payInAtoma, stageLie, stakePerNode } from "../../helpers/trial.ts";

const punishS = 100n;

/** Requester and liars are one, and keep the input from every juror that is not their own. */
describe("The best case of an input that is hidden from the panel", () => {
  const market = useMarket({
    nodes: 30,
    task: { window: 30 },
    adjust: (p) => ({ ...p, disputeParameters: { ...p.disputeParameters, punishWindow: Number(punishS) } }),
  });
  const inAtoma = async (amount: bigint) => (amount * atoma) / (await market().taskRegistry.stakePrice());

  /** A lie, a challenge by an outsider, and a panel of which nobody can tell what is right. */
  async function hide(challengeWindow: bigint) {
    const m = market();
    await m.escrow.connect(m.requester).transfer(m.stranger.address, bondFunds);
    const nodes = m.nodes.map(({ nodeId }) => nodeId);
    const purse = await openPurse(m, { accounts: [m.requester, m.settler], nodes });
    const scene = await stageLie(m, challengeWindow, dear);
    await m.disputes.connect(m.stranger).openByBond(scene.request.words, scene.outcome);
    const startAtS = await convene(m, scene.request, 1);
    await waitPast(m, startAtS + panelTimeS + appealWindowS);
    await expect(conclude(m, scene))
      .to.emit(m.disputes, "DisputeConcluded")
      .withArgs(scene.request.requestId, endings.noFault, `0x${"00".repeat(32)}`);
    expect(await balanceIn(m, m.stranger.address)).to.equal(bondFunds); // who challenged has lost nothing
    return { scene, profit: await purse.profit() };
  }

  it("behind a challenge window is nothing at all: the lie is refunded", async () => {
    expect((await hide(100n)).profit).to.equal(0n);
  });

  it("of a request that settled at once is to lose fees and absent pay, for a lie that stands, as the docs name", async () => {
    const { scene, profit } = await hide(0n);
    const { treasury, publisher } = settledParts(scene.request, scene.members, bitmapOf([0, 1]));
    expect(profit).to.equal(-(await inAtoma(treasury + publisher)));
  });

  it("with half of the panel is a pay to each own juror, of the tenth that each silent one loses, as the docs name", async () => {
    const m = market();
    const scene = await stage(m, dear, []);
    await conflict(m, scene); // two of its own members contradict each other
    const startAtS = await convene(m, scene.request, 1);
    const jurors = await panelOf(m, scene.request, 1);
    const own = [0, 1, 2].map((seat) => nodeAt(scene, seat)).concat(jurors.slice(0, 4).map(({ nodeId }) => nodeId));
    await handOver(m, m.account(6), own);
    const purse = await openPurse(m, { accounts: [m.requester, m.stranger, m.settler, m.account(6)], nodes: own });
    await waitPast(m, startAtS + panelTimeS);
    await decide(m, scene.request, { level: 1, digest: truth(scene.request), attesting: [0, 1, 2, 3] });
    const finalAtS = startAtS + panelTimeS + appealWindowS;
    await waitPast(m, finalAtS);
    await conclude(m, scene);
    for (const seat of [4, 5, 6]) await m.disputes.punishSilent(scene.request.words, 1, seat);
    await waitPast(m, finalAtS + punishS);
    const rest = (3n * stakePerNode) / 10n - 4n * payInAtoma;
    await expect(m.disputes.close(scene.request.words))
      .to.emit(m.disputes, "SpoilsShared")
      .withArgs(scene.request.requestId, 4n * payInAtoma, 0n, 0n, 0n, rest); // of 300 ATOMA the treasury has 260
    const refund = await inAtoma(lockUp(scene.request.fields));
    expect(await purse.profit()).to.equal(4n * payInAtoma + refund);
  });

  it("is paid that one time in 18 to a third of a pool, in 1,031 to a fifth, and in 739,063 to a tenth", () => {
    const oneIn = [1 / 3, 0.2, 0.1].map((pool) => 1 / binomialTail(21, 11, pool));
    expect(oneIn.map(Math.round)).to.deep.equal([18, 1_031, 739_063]);
  });
});
