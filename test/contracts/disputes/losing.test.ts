import { expect } from "chai";
import { decodeNodeWord } from "../../../sdk/words/node-word.ts";
import {
  appealWindowS,
  conflict,
  convene,
  evidenceOf,
  lie,
  otherLie,
  panelOf,
  panelTimeS,
  punishWindowS,
  stage,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { rotate } from "../../helpers/identity.ts";
import { useMarket } from "../../helpers/market.ts";
import { dear, evidence, judge, nodeAt, sixJurors, stakePerNode } from "../../helpers/trial.ts";

describe("Who was wrong in a dispute loses", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  it("its whole allocation, its key and its reputation, at once, and once", async () => {
    const m = market();
    const scene = await stage(m, dear, []);
    await conflict(m, scene);
    await judge(m, scene, truth(scene.request));
    const loser = nodeAt(scene, 1);
    const proof = await evidence(m, scene, 1, lie);
    await expect(m.disputes.punish(scene.request.words, 0, proof))
      .to.emit(m.disputes, "LoserPunished")
      .withArgs(scene.request.requestId, loser, 0n, stakePerNode);
    expect(await m.nodeRegistry.allocatedStake(loser, m.taskId)).to.equal(0n);
    const word = decodeNodeWord(await m.escrow.nodeWord(loser));
    expect([BigInt(word.signer), word.reputation]).to.deep.equal([0n, 0n]);
    expect(await m.disputes.punishmentOf(scene.request.requestId, loser)).to.equal(2n);
    await expect(m.disputes.punish(scene.request.words, 0, proof))
      .to.be.revertedWithCustomError(m.disputes, "AlreadyPunished")
      .withArgs(loser);
    expect(await m.nodeRegistry.freeStake(loser)).to.equal(9n * stakePerNode); // what backs nothing is its own
  });

  it("also what it has taken out of the pool, while that unbonds", async () => {
    const m = market();
    const scene = await stage(m, dear, []);
    await conflict(m, scene);
    await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, nodeAt(scene, 1));
    await judge(m, scene, truth(scene.request));
    await m.disputes.punish(scene.request.words, 0, await evidence(m, scene, 1, lie));
    expect((await m.nodeRegistry.unbondingStake(nodeAt(scene, 1), m.taskId)).amount).to.equal(0n);
    expect(await m.nodeRegistry.awardOf(m.instance.disputes)).to.equal(stakePerNode);
  });

  it("also under a key that it has replaced since, and whoever owns it by then", async () => {
    const m = market();
    const scene = await stage(m, dear, []);
    await conflict(m, scene);
    const loser = nodeAt(scene, 1);
    await rotate(m, loser, "a newer key");
    await m.nodeRegistry.connect(m.owner).transferOwnership(loser, m.stranger.address);
    await m.nodeRegistry.connect(m.stranger).acceptOwnership(loser);
    await judge(m, scene, truth(scene.request));
    await expect(m.disputes.punish(scene.request.words, 0, await evidence(m, scene, 1, lie))) //
      .to.emit(m.disputes, "LoserPunished");
    expect(BigInt(decodeNodeWord(await m.escrow.nodeWord(loser)).signer)).to.equal(0n);
  });

  it("only by its own signature over a losing digest, of that request and level", async () => {
    const m = market();
    const scene = await stage(m, dear, []);
    const other = await stage(m, { ...dear, slot: 1n }, []);
    await conflict(m, scene);
    await judge(m, scene, truth(scene.request));
    const right = await evidence(m, scene, 0, truth(scene.request));
    await expect(m.disputes.punish(scene.request.words, 0, right)).to.be.revertedWithCustomError(
      m.disputes,
      "NotALoser",
    );
    const replayed = await evidenceOf(m, other.request, other.members, 0, { digest: lie });
    await expect(m.disputes.punish(scene.request.words, 0, replayed)).to.be.revertedWithCustomError(
      m.disputes,
      "NotSignedBy",
    );
    const wrong = await evidence(m, scene, 0, lie);
    await expect(m.disputes.punish(scene.request.words, 1, wrong)).to.be.revertedWithCustomError(
      m.disputes,
      "NotSignedBy",
    );
    await expect(m.disputes.punish(scene.request.words, 2, wrong)).to.be.revertedWithCustomError(
      m.disputes,
      "NoSuchLevel",
    );
    await expect(m.disputes.punish(other.request.words, 0, wrong)).to.be.revertedWithCustomError(
      m.disputes,
      "NotDisputed",
    );
  });

  it("from the verdict on, for the punish window to the second", async () => {
    const m = market();
    const scene = await stage(m, dear, []);
    await conflict(m, scene);
    const proof = await evidence(m, scene, 1, lie);
    await expect(m.disputes.punish(scene.request.words, 0, proof)).to.be.revertedWithCustomError(
      m.disputes,
      "StillPending",
    );
    const finalAt = await judge(m, scene, truth(scene.request));
    const snapshot = await m.networkHelpers.takeSnapshot();
    await nextBlockAt(finalAt + punishWindowS + 1n);
    await expect(m.disputes.punish(scene.request.words, 0, proof))
      .to.be.revertedWithCustomError(m.disputes, "WindowOver")
      .withArgs(finalAt + punishWindowS);
    await snapshot.restore();
    await nextBlockAt(finalAt + punishWindowS);
    await expect(m.disputes.punish(scene.request.words, 0, proof)).to.emit(m.disputes, "LoserPunished");
  });

  it("as a juror that attested a losing digest, also if it was first taken for a silent one", async () => {
    const m = market();
    const scene = await stage(m, dear, []);
    await conflict(m, scene);
    await judge(m, scene, truth(scene.request), sixJurors);
    const jurors = await panelOf(m, scene.request, 1);
    const loser = jurors[6]?.nodeId ?? 0n;
    await expect(m.disputes.punishSilent(scene.request.words, 1, 6))
      .to.emit(m.disputes, "SilentJurorPunished")
      .withArgs(scene.request.requestId, loser, 1n, stakePerNode / 10n);
    const proof = await evidenceOf(m, scene.request, jurors, 6, { digest: otherLie, level: 1n });
    await expect(m.disputes.punish(scene.request.words, 1, proof))
      .to.emit(m.disputes, "LoserPunished")
      .withArgs(scene.request.requestId, loser, 1n, (stakePerNode * 9n) / 10n);
    await expect(m.disputes.punishSilent(scene.request.words, 1, 6)).to.be.revertedWithCustomError(
      m.disputes,
      "AlreadyPunished",
    );
  });

  it("a tenth of stakePerNode as a silent juror, if it did not attest and half of its panel did", async () => {
    const m = market();
    const scene = await stage(m, dear, []);
    await conflict(m, scene);
    await judge(m, scene, truth(scene.request), sixJurors);
    await expect(m.disputes.punishSilent(scene.request.words, 1, 0)).to.be.revertedWithCustomError(
      m.disputes,
      "NotSilent",
    );
    await expect(m.disputes.punishSilent(scene.request.words, 1, 7)).to.be.revertedWithCustomError(
      m.disputes,
      "NoSuchSeat",
    );
    await expect(m.disputes.punishSilent(scene.request.words, 0, 2)).to.be.revertedWithCustomError(
      m.disputes,
      "NoSuchLevel",
    );
    await m.disputes.punishSilent(scene.request.words, 1, 6);
    const silent = (await panelOf(m, scene.request, 1))[6]?.nodeId ?? 0n;
    expect(await m.nodeRegistry.allocatedStake(silent, m.taskId)).to.equal((stakePerNode * 9n) / 10n);
    expect(BigInt(decodeNodeWord(await m.escrow.nodeWord(silent)).signer)).not.to.equal(0n); // and no jail
  });

  it("nothing where no panel decided, nor as a silent juror of one whose majority is not known", async () => {
    const m = market();
    const scene = await stage(m, dear, []);
    await conflict(m, scene);
    const finalAt = (await convene(m, scene.request, 1)) + panelTimeS + appealWindowS;
    await waitPast(m, finalAt);
    await expect(m.disputes.punish(scene.request.words, 0, await evidence(m, scene, 1, lie))) //
      .to.be.revertedWithCustomError(m.disputes, "NotALoser");
    await expect(m.disputes.punishSilent(scene.request.words, 1, 0)) //
      .to.be.revertedWithCustomError(m.disputes, "NotSilent");
  });
});
