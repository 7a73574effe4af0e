import { expect } from "chai";
import { answerDigest } from "../../../deploy/local/committee.ts";
import { expectStakeAccounted } from "../../helpers/books.ts";
import {
  conflict,
  dissent,
  lie,
  payOf,
  punishWindowS,
  stage,
  stageSettled,
  truth,
  waitPast,
  type Scene,
} from "../../helpers/disputes.ts";
import { forge } from "../../helpers/forge.ts";
import { settle, useMarket } from "../../helpers/market.ts";
import { atoma, dear, evidence, judge, payInAtoma, sevenJurors, sixJurors, stakePerNode } from "../../helpers/trial.ts";

const windowS = 100n;

describe("What is slashed in a dispute pays", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  const close = (scene: Scene) => market().disputes.close(scene.request.words);
  const awardOf = (account: string) => market().nodeRegistry.awardOf(account);

  /** What is slashed for the lie of seat 1 in a conflict, with these jurors attesting the truth. */
  async function punished(attesting = sevenJurors): Promise<Scene & { readonly finalAt: bigint }> {
    const m = market();
    const scene = await stage(m, dear, []);
    await conflict(m, scene);
    const finalAt = await judge(m, scene, truth(scene.request), attesting);
    await m.disputes.punish(scene.request.words, 0, await evidence(m, scene, 1, lie));
    return { ...scene, finalAt };
  }

  it("jurors first, then 10% to the requester, 15% to the opener, 15% to the honest member, the rest to the treasury", async () => {
    const m = market();
    const scene = await punished();
    await waitPast(m, scene.finalAt + punishWindowS);
    const jurors = 7n * payInAtoma;
    const rest = stakePerNode - jurors;
    const [toRequester, toOpener, toMember] = [rest / 10n, (rest * 15n) / 100n, (rest * 15n) / 100n];
    const toTreasury = rest - toRequester - toOpener - toMember;
    await expect(close(scene))
      .to.emit(m.disputes, "SpoilsShared")
      .withArgs(scene.request.requestId, jurors, toRequester, toOpener, toMember, toTreasury);
    expect(await awardOf(m.requester.address)).to.equal(toRequester);
    expect(await awardOf(m.stranger.address)).to.equal(toOpener);
    expect(await awardOf(m.owner.address)).to.equal(jurors + toMember); // all nodes are one owner's here
    expect(await awardOf(m.treasury.address)).to.equal(toTreasury);
    expect(await awardOf(m.instance.disputes)).to.equal(0n);
    expect(2n * toTreasury >= stakePerNode).to.equal(true);
    await expect(close(scene)).to.be.revertedWithCustomError(m.disputes, "AlreadyClosed");
    await m.nodeRegistry.connect(m.requester).withdrawAward(m.requester.address, toRequester);
    expect(await m.atoma.balanceOf(m.requester)).to.equal(toRequester);
  });

  it("at most 50 pays to each, where the stake is many times the pay", async () => {
    const m = market();
    const scene = await stage(m, {}, []); // a pay of 1,000 units of the token, a thousandth of an ATOMA
    await conflict(m, scene);
    const finalAt = await judge(m, scene, truth(scene.request));
    await m.disputes.punish(scene.request.words, 0, await evidence(m, scene, 1, lie));
    await waitPast(m, finalAt + punishWindowS);
    const pay = (payOf(scene.request) * atoma) / 1_000_000n;
    await expect(close(scene))
      .to.emit(m.disputes, "SpoilsShared")
      .withArgs(scene.request.requestId, 7n * pay, 50n * pay, 50n * pay, 50n * pay, stakePerNode - 157n * pay);
  });

  it("after the punish window only", async () => {
    const m = market();
    const scene = await punished();
    await expect(close(scene))
      .to.be.revertedWithCustomError(m.disputes, "TooEarly")
      .withArgs(scene.finalAt + punishWindowS);
    await nextBlockAt(scene.finalAt + punishWindowS + 1n);
    await close(scene);
  });

  it("jurors out of what silent ones lost before it takes it from the loser, and the surplus to the treasury", async () => {
    const m = market();
    const scene = await punished(sixJurors);
    await m.disputes.punishSilent(scene.request.words, 1, 6); // a hundred ATOMA; six jurors are owed sixty
    await waitPast(m, scene.finalAt + punishWindowS);
    const [ten, fifteen] = [stakePerNode / 10n, (stakePerNode * 15n) / 100n];
    await expect(close(scene))
      .to.emit(m.disputes, "SpoilsShared")
      .withArgs(
        ...[scene.request.requestId, 6n * payInAtoma, ten, fifteen, fifteen],
        stakePerNode - ten - 2n * fifteen + 40n * atoma,
      );
  });

  it("no challenger whose dissent was wrong, and the members that were challenged", async () => {
    const m = market();
    const scene = await stageSettled(m, windowS, dear);
    await dissent(m, scene); // seat 2, alone against 0 and 1
    const finalAt = await judge(m, scene, truth(scene.request));
    await m.disputes.punish(scene.request.words, 0, await evidence(m, scene, 2, lie));
    await waitPast(m, finalAt + punishWindowS);
    const jurors = 7n * payInAtoma;
    const rest = stakePerNode - jurors;
    const [ten, fifteen] = [rest / 10n, (rest * 15n) / 100n];
    await expect(close(scene))
      .to.emit(m.disputes, "SpoilsShared")
      .withArgs(scene.request.requestId, jurors, ten, 0n, fifteen, rest - ten - fifteen);
  });

  it("the dissenter's owner as the challenger and the dissenter as honest, where the quorum lied", async () => {
    const m = market();
    const scene = await stage(m, { challengeWindow: windowS, ...dear });
    const answer = { output: "0xbad0" } as const;
    const settlement = await forge(m, scene.request, { answer, committed: 0b011n });
    await settle(m, settlement);
    const lied = answerDigest(scene.request, answer);
    const outcome = { ...scene.outcome, digest: lied, head: settlement.head };
    await dissent(m, { ...scene, outcome }, truth(scene.request));
    const finalAt = await judge(m, scene, truth(scene.request));
    for (const seat of [0, 1]) await m.disputes.punish(scene.request.words, 0, await evidence(m, scene, seat, lied));
    await waitPast(m, finalAt + punishWindowS);
    const jurors = 7n * payInAtoma;
    const rest = 2n * stakePerNode - jurors;
    const [ten, fifteen] = [rest / 10n, (rest * 15n) / 100n];
    await expect(close(scene))
      .to.emit(m.disputes, "SpoilsShared")
      .withArgs(scene.request.requestId, jurors, ten, fifteen, fifteen, rest - ten - 2n * fifteen);
  });

  it("never so much that one who owns requester, opener, members and jurors gets half of it back", async () => {
    const m = market();
    const scene = await punished();
    await waitPast(m, scene.finalAt + punishWindowS);
    await close(scene);
    const back =
      (await awardOf(m.requester.address)) + (await awardOf(m.stranger.address)) + (await awardOf(m.owner.address));
    expect(2n * back <= stakePerNode).to.equal(true);
    // jurors of a very large panel: all of them together get half of it at most, and the others nothing
    const spoils = await m.ethers.deployContract("SpoilsHarness");
    const shared = await spoils.getFunction("share")(stakePerNode, 2n * stakePerNode, payInAtoma, true, true);
    expect([...shared]).to.deep.equal([stakePerNode / 2n, 0n, 0n, 0n]);
    const squeezed = (await spoils.getFunction("share")(
      stakePerNode,
      300n * atoma,
      payInAtoma,
      true,
      true,
    )) as bigint[];
    expect([...squeezed]).to.deep.equal([300n * atoma, 50n * atoma, 75n * atoma, 75n * atoma]); // 280 shrunk to 200
  });

  it("nothing out of thin air: all ATOMA is accounted for throughout (STK-1)", async () => {
    const m = market();
    const scene = await punished(sixJurors);
    await m.disputes.punishSilent(scene.request.words, 1, 6);
    const bonds = m.world.parameters.taskSettings.publisherBond;
    await expectStakeAccounted(m, bonds + (await awardOf(m.instance.disputes)));
    await waitPast(m, scene.finalAt + punishWindowS);
    await close(scene);
    let awards = 0n;
    for (const { address } of [m.owner, m.requester, m.stranger, m.treasury]) awards += await awardOf(address);
    expect(awards).to.equal(stakePerNode + stakePerNode / 10n);
    await expectStakeAccounted(m, bonds + awards);
  });
});
