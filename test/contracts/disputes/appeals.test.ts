import { expect } from "chai";
import type { Hex } from "viem";
import {
  appealWindowS,
  convene,
  decide,
  lie,
  panelOf,
  panelTimeS,
  payOf,
  stageSettled,
  truth,
  waitPast,
  type Scene,
} from "../../helpers/disputes.ts";
import { balanceIn, useMarket } from "../../helpers/market.ts";
import { bondFunds, challenge, conclude, earningsOf, elevenJurors, finalize, fiveJurors } from "../../helpers/trial.ts";

const windowS = 100n;

describe("An appeal", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  async function appealed(scene: Scene, first: Hex) {
    const m = market();
    await m.escrow.connect(m.requester).transfer(m.settler.address, bondFunds);
    await convene(m, scene.request, 1);
    await decide(m, scene.request, { level: 1, digest: first, attesting: fiveJurors });
    const bond = 19n * payOf(scene.request);
    expect(await m.disputes.bondOf(scene.request.words, 2)).to.equal(bond);
    await expect(m.disputes.connect(m.settler).appeal(scene.request.words))
      .to.emit(m.disputes, "LevelOpened")
      .withArgs(scene.request.requestId, m.settler.address, (_: bigint) => true, bond);
    return (await convene(m, scene.request, 2)) + panelTimeS;
  }
  it("won: the second panel decides, both bonds go back to who was right, and who was wrong pays", async () => {
    const m = market();
    const scene = await stageSettled(m, windowS);
    const pay = payOf(scene.request);
    await challenge(m, scene);
    const endsAt = await appealed(scene, lie); // the first panel is wrong, for the challenger
    await decide(m, scene.request, { level: 2, digest: truth(scene.request), attesting: elevenJurors });
    await nextBlockAt(endsAt + appealWindowS);
    await expect(conclude(m, scene)).to.be.revertedWithCustomError(m.disputes, "StillPending");
    await nextBlockAt(endsAt + appealWindowS + 1n);
    // the challenger's 11 pays are shared by the 11 jurors of the second panel; the first ones attested a lie
    await expect(conclude(m, scene))
      .to.emit(m.disputes, "BondsReturned")
      .withArgs(scene.request.requestId, 0n, 19n * pay, 11n * pay);
    expect(await balanceIn(m, m.treasury.address)).to.equal(0n);
    expect(await balanceIn(m, m.settler.address)).to.equal(bondFunds);
    for (const juror of await panelOf(m, scene.request, 1)) expect(await earningsOf(m, juror.nodeId)).to.equal(0n);
    await expect(finalize(m, scene)).to.emit(m.escrow, "Settled");
  });

  it("lost: both bonds pay the jurors of both panels, and the treasury the rest", async () => {
    const m = market();
    const scene = await stageSettled(m, windowS);
    const pay = payOf(scene.request);
    await challenge(m, scene);
    const endsAt = await appealed(scene, truth(scene.request));
    await decide(m, scene.request, { level: 2, digest: truth(scene.request), attesting: elevenJurors });
    await waitPast(m, endsAt + appealWindowS);
    await expect(conclude(m, scene))
      .to.emit(m.disputes, "BondsReturned")
      .withArgs(scene.request.requestId, 0n, 0n, 16n * pay);
    expect(await balanceIn(m, m.treasury.address)).to.equal((11n + 19n - 16n) * pay);
    for (const level of [1, 2] as const) {
      const jurors = await panelOf(m, scene.request, level);
      const paid = level === 1 ? 5 : 11;
      for (const [seat, { nodeId }] of jurors.entries())
        expect(await earningsOf(m, nodeId)).to.equal(seat < paid ? pay : 0n);
    }
  });

  it("that finds nothing: the first decision stands, and the appellant's bond is lost", async () => {
    const m = market();
    const scene = await stageSettled(m, windowS);
    const pay = payOf(scene.request);
    await challenge(m, scene);
    const endsAt = await appealed(scene, lie);
    await waitPast(m, endsAt + appealWindowS);
    await expect(conclude(m, scene))
      .to.emit(m.disputes, "BondsReturned")
      .withArgs(scene.request.requestId, 11n * pay, 0n, 5n * pay);
    expect(await balanceIn(m, m.treasury.address)).to.equal(14n * pay);
    expect(await balanceIn(m, m.settler.address)).to.equal(bondFunds - 19n * pay);
  });

  it("without a round: the first decision stands, and the appellant's bond is returned", async () => {
    const m = market();
    const scene = await stageSettled(m, windowS);
    await challenge(m, scene);
    await m.escrow.connect(m.requester).transfer(m.settler.address, bondFunds);
    await convene(m, scene.request, 1);
    await decide(m, scene.request, { level: 1, digest: lie, attesting: fiveJurors });
    await m.disputes.connect(m.settler).appeal(scene.request.words);
    await m.networkHelpers.time.increase(scene.request.fields.beaconTimeoutS + 10n);
    await expect(conclude(m, scene)).to.emit(m.escrow, "Refunded");
    expect(await balanceIn(m, m.settler.address)).to.equal(bondFunds);
    expect(await balanceIn(m, m.stranger.address)).to.equal(bondFunds);
  });

  it("is for decisions; an undecided first level is escalated after its end, free of charge", async () => {
    const m = market();
    const scene = await stageSettled(m, windowS);
    const { request } = scene;
    const pay = payOf(request);
    await challenge(m, scene);
    const endsAt = (await convene(m, request, 1)) + panelTimeS;
    await expect(m.disputes.appeal(request.words)).to.be.revertedWithCustomError(m.disputes, "NothingToMove");
    await nextBlockAt(endsAt);
    await expect(m.disputes.escalate(request.words))
      .to.be.revertedWithCustomError(m.disputes, "TooEarly")
      .withArgs(endsAt);
    const snapshot = await m.networkHelpers.takeSnapshot();
    await nextBlockAt(endsAt + appealWindowS + 1n);
    await expect(m.disputes.escalate(request.words))
      .to.be.revertedWithCustomError(m.disputes, "WindowOver")
      .withArgs(endsAt + appealWindowS);
    await snapshot.restore();
    await nextBlockAt(endsAt + appealWindowS);
    await expect(m.disputes.escalate(request.words)).to.emit(m.disputes, "LevelOpened");
    await expect(m.disputes.escalate(request.words)).to.be.revertedWithCustomError(m.disputes, "LevelTwoOpen");
    const secondEnd = (await convene(m, request, 2)) + panelTimeS;
    await decide(m, request, { level: 2, digest: truth(request), attesting: elevenJurors });
    await waitPast(m, secondEnd + appealWindowS);
    await expect(conclude(m, scene))
      .to.emit(m.disputes, "BondsReturned")
      .withArgs(request.requestId, 0n, 0n, 11n * pay);
    await expect(finalize(m, scene)).to.emit(m.escrow, "Settled");
  });

  it("is possible until the appeal window's last second, once", async () => {
    const m = market();
    const scene = await stageSettled(m, windowS);
    await challenge(m, scene);
    await m.escrow.connect(m.requester).transfer(m.settler.address, bondFunds);
    const endsAt = (await convene(m, scene.request, 1)) + panelTimeS;
    await decide(m, scene.request, { level: 1, digest: lie, attesting: fiveJurors });
    const snapshot = await m.networkHelpers.takeSnapshot();
    await nextBlockAt(endsAt + appealWindowS + 1n);
    await expect(m.disputes.connect(m.settler).appeal(scene.request.words))
      .to.be.revertedWithCustomError(m.disputes, "WindowOver")
      .withArgs(endsAt + appealWindowS);
    await snapshot.restore();
    await nextBlockAt(endsAt + appealWindowS);
    await m.disputes.connect(m.settler).appeal(scene.request.words);
    await expect(m.disputes.connect(m.settler).appeal(scene.request.words)) //
      .to.be.revertedWithCustomError(m.disputes, "LevelTwoOpen");
  });
});
