import { expect } from "chai";
import type { Hex } from "viem";
import { decodeNodeWord } from "../../../sdk/words/node-word.ts";
import { labelledKey } from "../../../deploy/local/world.ts";
import { answerDigest } from "../../../deploy/local/committee.ts";
import { expectStakeAccounted } from "../../helpers/books.ts";
import {
  appealWindowS,
  conflict,
  convene,
  decide,
  dissent,
  evidenceOf,
  lie,
  otherLie,
  panelOf,
  panelTimeS,
  payOf,
  punishWindowS,
  type Scene,
  stage,
  stageSettled,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { consentOf, farFutureS, rotate } from "../../helpers/identity.ts";
import { forge } from "../../helpers/forge.ts";
import { type Market, settle, useMarket } from "../../helpers/market.ts";

const windowS = 100n;
const stake = 1_000n * 10n ** 18n;
const unit = 10n ** 18n;
/** A request whose pay is worth ten ATOMA, a hundredth of the stake behind it: no share reaches its cap of 50 pays. */
const dear = { units: 1_000_000n };
const payInAtoma = 10n * unit;
const six = [0, 1, 2, 3, 4, 5];

describe("Who was wrong in a dispute", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  /** The first panel decides; returns the last second before that is final. */
  async function judge({ request }: Scene, digest: Hex, attesting = [...six, 6]): Promise<bigint> {
    const finalAt = (await convene(market(), request, 1)) + panelTimeS + appealWindowS;
    await decide(market(), request, { level: 1, digest, attesting });
    await waitPast(market(), finalAt);
    return finalAt;
  }
  const words = (scene: Scene) => scene.request.words;
  const evidence = (scene: Scene, seat: number, digest: Hex) =>
    evidenceOf(market(), scene.request, scene.members, seat, { digest });
  const idOf = ({ members }: Scene, seat: number) => members[seat]?.nodeId ?? 0n;

  describe("loses", () => {
    it("its whole allocation, its key and its reputation, at once, and once", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      await conflict(m, scene);
      await judge(scene, truth(scene.request));
      const loser = idOf(scene, 1);
      const proof = await evidence(scene, 1, lie);
      await expect(m.disputes.punish(words(scene), 0, proof))
        .to.emit(m.disputes, "LoserPunished")
        .withArgs(scene.request.requestId, loser, 0n, stake);
      expect(await m.nodeRegistry.allocatedStake(loser, m.taskId)).to.equal(0n);
      const word = decodeNodeWord(await m.escrow.nodeWord(loser));
      expect([BigInt(word.signer), word.reputation]).to.deep.equal([0n, 0n]);
      expect(await m.disputes.punishmentOf(scene.request.requestId, loser)).to.equal(2n);
      await expect(m.disputes.punish(words(scene), 0, proof))
        .to.be.revertedWithCustomError(m.disputes, "AlreadyPunished")
        .withArgs(loser);
      expect(await m.nodeRegistry.freeStake(loser)).to.equal(9n * stake); // what backs nothing is its own
    });

    it("also what it has taken out of the pool, while that unbonds", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      await conflict(m, scene);
      await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, idOf(scene, 1));
      await judge(scene, truth(scene.request));
      await m.disputes.punish(words(scene), 0, await evidence(scene, 1, lie));
      expect((await m.nodeRegistry.unbondingStake(idOf(scene, 1), m.taskId)).amount).to.equal(0n);
      expect(await m.nodeRegistry.awardOf(m.instance.disputes)).to.equal(stake);
    });

    it("also under a key that it has replaced since, and whoever owns it by then", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      await conflict(m, scene);
      const loser = idOf(scene, 1);
      await rotate(m, loser, "a newer key");
      await m.nodeRegistry.connect(m.owner).transferOwnership(loser, m.stranger.address);
      await m.nodeRegistry.connect(m.stranger).acceptOwnership(loser);
      await judge(scene, truth(scene.request));
      await expect(m.disputes.punish(words(scene), 0, await evidence(scene, 1, lie))) //
        .to.emit(m.disputes, "LoserPunished");
      expect(BigInt(decodeNodeWord(await m.escrow.nodeWord(loser)).signer)).to.equal(0n);
    });

    it("only by its own signature over a losing digest, of that request and level", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      const other = await stage(m, { ...dear, slot: 1n }, []);
      await conflict(m, scene);
      await judge(scene, truth(scene.request));
      const right = await evidence(scene, 0, truth(scene.request));
      await expect(m.disputes.punish(words(scene), 0, right)).to.be.revertedWithCustomError(m.disputes, "NotALoser");
      const replayed = await evidenceOf(m, other.request, other.members, 0, { digest: lie });
      await expect(m.disputes.punish(words(scene), 0, replayed)).to.be.revertedWithCustomError(
        m.disputes,
        "NotSignedBy",
      );
      const wrong = await evidence(scene, 0, lie);
      await expect(m.disputes.punish(words(scene), 1, wrong)).to.be.revertedWithCustomError(m.disputes, "NotSignedBy");
      await expect(m.disputes.punish(words(scene), 2, wrong)).to.be.revertedWithCustomError(m.disputes, "NoSuchLevel");
      await expect(m.disputes.punish(words(other), 0, wrong)).to.be.revertedWithCustomError(m.disputes, "NotDisputed");
    });

    it("from the verdict on, for the punish window to the second", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      await conflict(m, scene);
      const proof = await evidence(scene, 1, lie);
      await expect(m.disputes.punish(words(scene), 0, proof)).to.be.revertedWithCustomError(m.disputes, "StillPending");
      const finalAt = await judge(scene, truth(scene.request));
      const snapshot = await m.networkHelpers.takeSnapshot();
      await nextBlockAt(finalAt + punishWindowS + 1n);
      await expect(m.disputes.punish(words(scene), 0, proof))
        .to.be.revertedWithCustomError(m.disputes, "WindowOver")
        .withArgs(finalAt + punishWindowS);
      await snapshot.restore();
      await nextBlockAt(finalAt + punishWindowS);
      await expect(m.disputes.punish(words(scene), 0, proof)).to.emit(m.disputes, "LoserPunished");
    });

    it("as a juror that attested a losing digest, also if it was first taken for a silent one", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      await conflict(m, scene);
      await judge(scene, truth(scene.request), six);
      const jurors = await panelOf(m, scene.request, 1);
      const loser = jurors[6]?.nodeId ?? 0n;
      await expect(m.disputes.punishSilent(words(scene), 1, 6))
        .to.emit(m.disputes, "SilentJurorPunished")
        .withArgs(scene.request.requestId, loser, 1n, stake / 10n);
      const proof = await evidenceOf(m, scene.request, jurors, 6, { digest: otherLie, level: 1n });
      await expect(m.disputes.punish(words(scene), 1, proof))
        .to.emit(m.disputes, "LoserPunished")
        .withArgs(scene.request.requestId, loser, 1n, (stake * 9n) / 10n);
      await expect(m.disputes.punishSilent(words(scene), 1, 6)).to.be.revertedWithCustomError(
        m.disputes,
        "AlreadyPunished",
      );
    });

    it("a tenth of stakePerNode as a silent juror, if it did not attest and half of its panel did", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      await conflict(m, scene);
      await judge(scene, truth(scene.request), six);
      await expect(m.disputes.punishSilent(words(scene), 1, 0)).to.be.revertedWithCustomError(m.disputes, "NotSilent");
      await expect(m.disputes.punishSilent(words(scene), 1, 7)).to.be.revertedWithCustomError(m.disputes, "NoSuchSeat");
      await expect(m.disputes.punishSilent(words(scene), 0, 2)).to.be.revertedWithCustomError(
        m.disputes,
        "NoSuchLevel",
      );
      await m.disputes.punishSilent(words(scene), 1, 6);
      const silent = (await panelOf(m, scene.request, 1))[6]?.nodeId ?? 0n;
      expect(await m.nodeRegistry.allocatedStake(silent, m.taskId)).to.equal((stake * 9n) / 10n);
      expect(BigInt(decodeNodeWord(await m.escrow.nodeWord(silent)).signer)).not.to.equal(0n); // and no jail
    });

    it("nothing where no panel decided, nor as a silent juror of one whose majority is not known", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      await conflict(m, scene);
      const finalAt = (await convene(m, scene.request, 1)) + panelTimeS + appealWindowS;
      await waitPast(m, finalAt);
      await expect(m.disputes.punish(words(scene), 0, await evidence(scene, 1, lie))) //
        .to.be.revertedWithCustomError(m.disputes, "NotALoser");
      await expect(m.disputes.punishSilent(words(scene), 1, 0)) //
        .to.be.revertedWithCustomError(m.disputes, "NotSilent");
    });
  });

  describe("pays", () => {
    const close = (scene: Scene) => market().disputes.close(words(scene));
    const awardOf = (account: string) => market().nodeRegistry.awardOf(account);

    /** What is slashed for the lie of seat 1 in a conflict, with these jurors attesting the truth. */
    async function punished(attesting = [...six, 6]): Promise<Scene & { readonly finalAt: bigint }> {
      const m = market();
      const scene = await stage(m, dear, []);
      await conflict(m, scene);
      const finalAt = await judge(scene, truth(scene.request), attesting);
      await m.disputes.punish(words(scene), 0, await evidence(scene, 1, lie));
      return { ...scene, finalAt };
    }

    it("jurors first, then 10% to the requester, 15% to the opener, 15% to the honest member, the rest to the treasury", async () => {
      const m = market();
      const scene = await punished();
      await waitPast(m, scene.finalAt + punishWindowS);
      const jurors = 7n * payInAtoma;
      const rest = stake - jurors;
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
      expect(2n * toTreasury >= stake).to.equal(true);
      await expect(close(scene)).to.be.revertedWithCustomError(m.disputes, "AlreadyClosed");
      await m.nodeRegistry.connect(m.requester).withdrawAward(m.requester.address, toRequester);
      expect(await m.atoma.balanceOf(m.requester)).to.equal(toRequester);
    });

    it("at most 50 pays to each, where the stake is many times the pay", async () => {
      const m = market();
      const scene = await stage(m, {}, []); // a pay of 1,000 units of the token, a thousandth of an ATOMA
      await conflict(m, scene);
      const finalAt = await judge(scene, truth(scene.request));
      await m.disputes.punish(words(scene), 0, await evidence(scene, 1, lie));
      await waitPast(m, finalAt + punishWindowS);
      const pay = (payOf(scene.request) * unit) / 1_000_000n;
      await expect(close(scene))
        .to.emit(m.disputes, "SpoilsShared")
        .withArgs(scene.request.requestId, 7n * pay, 50n * pay, 50n * pay, 50n * pay, stake - 157n * pay);
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
      const scene = await punished(six);
      await m.disputes.punishSilent(words(scene), 1, 6); // a hundred ATOMA; six jurors are owed sixty
      await waitPast(m, scene.finalAt + punishWindowS);
      const [ten, fifteen] = [stake / 10n, (stake * 15n) / 100n];
      await expect(close(scene))
        .to.emit(m.disputes, "SpoilsShared")
        .withArgs(
          ...[scene.request.requestId, 6n * payInAtoma, ten, fifteen, fifteen],
          stake - ten - 2n * fifteen + 40n * unit,
        );
    });

    it("no challenger whose dissent was wrong, and the members that were challenged", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS, dear);
      await dissent(m, scene); // seat 2, alone against 0 and 1
      const finalAt = await judge(scene, truth(scene.request));
      await m.disputes.punish(words(scene), 0, await evidence(scene, 2, lie));
      await waitPast(m, finalAt + punishWindowS);
      const jurors = 7n * payInAtoma;
      const rest = stake - jurors;
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
      const finalAt = await judge(scene, truth(scene.request));
      for (const seat of [0, 1]) await m.disputes.punish(words(scene), 0, await evidence(scene, seat, lied));
      await waitPast(m, finalAt + punishWindowS);
      const jurors = 7n * payInAtoma;
      const rest = 2n * stake - jurors;
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
      expect(2n * back <= stake).to.equal(true);
      // jurors of a very large panel: all of them together get half of it at most, and the others nothing
      const spoils = await m.ethers.deployContract("SpoilsHarness");
      const shared = await spoils.getFunction("share")(stake, 2n * stake, payInAtoma, true, true);
      expect([...shared]).to.deep.equal([stake / 2n, 0n, 0n, 0n]);
      const squeezed = (await spoils.getFunction("share")(stake, 300n * unit, payInAtoma, true, true)) as bigint[];
      expect([...squeezed]).to.deep.equal([300n * unit, 50n * unit, 75n * unit, 75n * unit]); // 280 shrunk to 200
    });

    it("nothing out of thin air: all ATOMA is accounted for throughout (STK-1)", async () => {
      const m = market();
      const scene = await punished(six);
      await m.disputes.punishSilent(words(scene), 1, 6);
      const bonds = m.world.parameters.taskSettings.publisherBond;
      await expectStakeAccounted(m, bonds + (await awardOf(m.instance.disputes)));
      await waitPast(m, scene.finalAt + punishWindowS);
      await close(scene);
      let awards = 0n;
      for (const { address } of [m.owner, m.requester, m.stranger, m.treasury]) awards += await awardOf(address);
      expect(awards).to.equal(stake + stake / 10n);
      await expectStakeAccounted(m, bonds + awards);
    });
  });

  describe("is jailed:", () => {
    async function jailed() {
      const m = market();
      const scene = await stage(m, dear, []);
      const a = await evidence(scene, 0, truth(scene.request));
      await m.disputes.proveEquivocation(words(scene), 0, a, await evidence(scene, 0, lie));
      return scene;
    }

    it("its attestations settle no more, by its current key and by former ones", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      const node = idOf(scene, 0);
      const before = await m.networkHelpers.takeSnapshot();
      await rotate(m, node, "a newer key");
      await expect(settle(m, scene.settlement)).to.emit(m.escrow, "Settled"); // a former key, honoured
      await before.restore();
      const own = await evidence(scene, 0, lie);
      await rotate(m, node, "a newer key");
      await m.disputes.proveEquivocation(words(scene), 0, own, await evidence(scene, 0, otherLie));
      await expect(settle(m, scene.settlement)).to.be.revertedWithCustomError(m.escrow, "NothingSettled");
      const withoutIt = await forge(m, scene.request, { committed: 0b110n });
      await expect(settle(m, withoutIt)).to.emit(m.escrow, "Settled");
    });

    it("anyone may evict it, and it cannot subscribe", async () => {
      const m = market();
      const node = idOf(await jailed(), 0);
      await m.taskRegistry.connect(m.stranger).evict(m.taskId, node);
      const until = await m.nodeRegistry.jailedUntil(node);
      await expect(m.taskRegistry.connect(m.owner).subscribe(m.taskId, node, 5))
        .to.be.revertedWithCustomError(m.nodeRegistry, "NodeIsJailed")
        .withArgs(node, until);
    });

    it("its owner releases it with a fresh key after the unbonding time, and it starts from nothing", async () => {
      const m = market();
      const node = idOf(await jailed(), 0);
      const until = await m.nodeRegistry.jailedUntil(node);
      expect(until).to.equal(BigInt(await m.networkHelpers.time.latest()) + (await m.nodeRegistry.unbonding()));
      const consent = await consentOf(m, "a newer key");
      const release = () =>
        m.nodeRegistry.connect(m.owner).rotateSigner(node, labelledKey("a newer key").address, farFutureS, consent);
      await nextBlockAt(until - 1n);
      await expect(release()).to.be.revertedWithCustomError(m.nodeRegistry, "NodeIsJailed").withArgs(node, until);
      await nextBlockAt(until);
      await release();
      expect(await m.nodeRegistry.jailedUntil(node)).to.equal(0n);
      const word = decodeNodeWord(await m.escrow.nodeWord(node));
      expect([word.signer, word.reputation]).to.deep.equal([labelledKey("a newer key").address, 0n]);
    });

    it("keeps what it had earned", async () => {
      const m = market();
      const scene = await stageSettled(m, 0n, dear);
      const earned = decodeNodeWord(await m.escrow.nodeWord(idOf(scene, 0))).earnings;
      const a = await evidence(scene, 0, truth(scene.request));
      await m.disputes.proveEquivocation(words(scene), 0, a, await evidence(scene, 0, lie));
      expect(decodeNodeWord(await m.escrow.nodeWord(idOf(scene, 0))).earnings).to.equal(earned);
      await m.escrow.connect(m.owner).claimEarnings(idOf(scene, 0));
    });
  });

  describe("cannot leave with its stake:", () => {
    it("what a dispute names is not released before it can have ended (STK-2)", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      const node = idOf(scene, 1);
      await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, node);
      const { releaseAt } = await m.nodeRegistry.unbondingStake(node, m.taskId);
      await conflict(m, scene);
      await m.disputes.freeze(words(scene), 0, 1);
      const until = await m.nodeRegistry.frozenUntil(node, m.taskId);
      // the longest way: the round posted in its last second, undecided, escalated in the last second, and again
      const { beaconTimeoutS } = scene.request.fields;
      const finalAt = await longestWay(m, scene, beaconTimeoutS);
      expect(until >= finalAt + punishWindowS).to.equal(true);
      expect(releaseAt < finalAt).to.equal(true);
      await expect(m.nodeRegistry.release(node, m.taskId))
        .to.be.revertedWithCustomError(m.nodeRegistry, "StakeFrozen")
        .withArgs(node, m.taskId, until);
      await m.disputes.punish(words(scene), 0, await evidence(scene, 1, lie));
      expect(await m.nodeRegistry.awardOf(m.instance.disputes)).to.equal(stake);
      await waitPast(m, until);
      await expect(m.nodeRegistry.release(node, m.taskId)) //
        .to.be.revertedWithCustomError(m.nodeRegistry, "NothingUnbonding");
    });

    it("and is released afterwards if it was right", async () => {
      const m = market();
      const scene = await stage(m, dear, []);
      const node = idOf(scene, 0);
      await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, node);
      await conflict(m, scene);
      await m.disputes.freeze(words(scene), 0, 0);
      const until = await m.nodeRegistry.frozenUntil(node, m.taskId);
      await nextBlockAt(until);
      await expect(m.nodeRegistry.release(node, m.taskId)).to.be.revertedWithCustomError(m.nodeRegistry, "StakeFrozen");
      await nextBlockAt(until + 1n);
      await expect(m.nodeRegistry.release(node, m.taskId))
        .to.emit(m.nodeRegistry, "StakeReleased")
        .withArgs(node, m.taskId, stake);
    });

    /** Every wait as long as it can be. Returns the last second before the verdict is final. */
    async function longestWay(m: Market, scene: Scene, beaconTimeoutS: bigint): Promise<bigint> {
      const { request } = scene;
      await m.networkHelpers.time.increase(beaconTimeoutS - 10n);
      const endsAt = (await convene(m, request, 1)) + panelTimeS;
      await nextBlockAt(endsAt + appealWindowS);
      await m.disputes.escalate(words(scene));
      await m.networkHelpers.time.increase(beaconTimeoutS - 10n);
      const secondEnd = (await convene(m, request, 2)) + panelTimeS;
      const eleven = [...Array(11).keys()];
      await decide(m, request, { level: 2, digest: truth(request), attesting: eleven });
      await waitPast(m, secondEnd + appealWindowS);
      return secondEnd + appealWindowS;
    }
  });
});
