import { expect } from "chai";
import { answerDigest, committeeOf, type LocalRequest } from "../../../deploy/local/committee.ts";
import { publishSnapshot } from "../../../deploy/local/nodes.ts";
import { production } from "../../../deploy/parameters/parameters.ts";
import { leastUnbondingS, longestDisputeS } from "../../../deploy/parameters/unbonding.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { timelineOf } from "../../../sdk/time/timeline.ts";
import { decodeSlotWord } from "../../../sdk/words/slot-word.ts";
import { decodeTaskWord } from "../../../sdk/words/task-word.ts";
import { decide, roundOf, truth } from "../../helpers/disputes.ts";
import { forge } from "../../helpers/forge.ts";
import { ask, settle, useMarket } from "../../helpers/market.ts";
import { withProductionTimes } from "../../helpers/production-times.ts";
import { challenge, conclude, elevenJurors, evidence, finalize, nodeAt, stakePerNode } from "../../helpers/trial.ts";

const { beaconDelay, beaconTimeout } = production.parameters;
const { appealWindow, punishWindow } = production.disputeParameters;
const periodS = Number(production.beaconPeriod);
const beaconWaitS = beaconDelay + periodS + beaconTimeout;
const windowS = 86_400;
const panelS = 2n * BigInt(windowS);
const answer = { output: "0xbad0" } as const;
const liars = [0, 1];

/** A dispute that takes as long as it can, from the snapshot that draws the loser to its punishment. All in the last second. */
describe("The longest dispute", () => {
  const market = useMarket(withProductionTimes);
  const nowS = async () => BigInt(await market().networkHelpers.time.latest());
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  /** Posts a round in the last second in which it counts. Returns that second. */
  async function postLast(round: bigint): Promise<bigint> {
    const { world, beacon } = market();
    const latestS = timeOf(world.beacon, round) + BigInt(beaconTimeout);
    await nextBlockAt(latestS);
    await beacon.submit(round, world.beacon.sign(round));
    return latestS;
  }

  /** Everyone leaves the pool as soon as a snapshot names it: nobody can be drawn who left any earlier. */
  async function leaveAfterSnapshot(): Promise<bigint> {
    const m = market();
    await publishSnapshot(m.world, m.taskId);
    for (const { nodeId } of m.nodes) {
      await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, nodeId);
    }
    return decodeTaskWord(await m.escrow.taskWord(m.taskId)).publishedAtS;
  }

  /** Two liars record a result of the longest window, for a request in the snapshot's last second, and are paid for it. */
  async function lieAtLeisure(snapshotAtS: bigint) {
    const m = market();
    await nextBlockAt(snapshotAtS + BigInt(production.taskSettings.maxSnapshotAge));
    const request = await ask(m, { k: 3n, quorum: 2n, challengeWindow: 86_400n });
    const postedAtS = await postLast(request.fields.round);
    const { deadlineS } = timelineOf(request.fields, timeOf(m.world.beacon, request.fields.round), postedAtS);
    const settlement = await forge(m, request, { answer, committed: 0b011n });
    await nextBlockAt(deadlineS);
    await settle(m, settlement);
    await nextBlockAt(deadlineS + 86_400n + 1n);
    await finalize(m, { settlement });
    const outcome = { digest: answerDigest(request, answer), head: settlement.head, settler: m.settler.address };
    return { request, members: await committeeOf(m.world, request), settlement, outcome };
  }

  /** The challenge comes in the dispute window's last second. */
  async function openLast(scene: Awaited<ReturnType<typeof lieAtLeisure>>): Promise<bigint> {
    const m = market();
    const { untilS } = decodeSlotWord(await m.escrow.slotOf(m.requester, 0n));
    await m.escrow.connect(m.requester).deposit(m.requester.address, 1n);
    await nextBlockAt(untilS - 1n);
    await challenge(m, scene); // a transfer, and the challenge one second later
    expect(await nowS()).to.equal(untilS);
    return untilS;
  }

  /** Nobody posts a level's round, and another one is drawn in the last second. */
  async function redrawLast(request: LocalRequest, level: 1 | 2) {
    const { world, disputes } = market();
    const givenUpAtS = timeOf(world.beacon, await roundOf(market(), request, level)) + BigInt(beaconTimeout);
    await nextBlockAt(givenUpAtS + BigInt(appealWindow));
    await disputes.redraw(request.words);
  }

  /** One level: its second round is posted, and it decides, in their last seconds. Returns the last second before it is final. */
  async function sitLong(request: LocalRequest, level: 1 | 2, decides: boolean): Promise<bigint> {
    await redrawLast(request, level);
    const endsAt = (await postLast(await roundOf(market(), request, level))) + panelS;
    if (decides) {
      const attesting = level === 1 ? [0, 1, 2, 3, 4] : elevenJurors;
      await nextBlockAt(endsAt);
      await decide(market(), request, { level, digest: truth(request), attesting });
    }
    return endsAt + BigInt(appealWindow);
  }

  async function moveOn(request: LocalRequest, atS: bigint, decided: boolean) {
    const m = market();
    await m.escrow.connect(m.requester).transfer(m.owner.address, 10n ** 9n);
    await nextBlockAt(atS);
    if (decided) await m.disputes.connect(m.owner).appeal(request.words);
    else await m.disputes.connect(m.owner).escalate(request.words);
  }

  for (const [way, decided] of [
    ["appealed", true],
    ["undecided and escalated", false],
  ] as const) {
    it(`${way}, ends within its bound (DSP-1), and takes all stake of losers that left before they were asked (STK-2)`, async () => {
      const m = market();
      const snapshotAtS = await leaveAfterSnapshot();
      const scene = await lieAtLeisure(snapshotAtS);
      const { request } = scene;
      const openedAtS = await openLast(scene);
      await moveOn(request, await sitLong(request, 1, decided), decided);
      const finalAtS = await sitLong(request, 2, true);
      await nextBlockAt(finalAtS);
      await expect(conclude(m, scene)).to.be.revertedWithCustomError(m.disputes, "StillPending");
      await nextBlockAt(finalAtS + 1n);
      await expect(conclude(m, scene)).to.emit(m.disputes, "DisputeConcluded");
      const endAtS = finalAtS + BigInt(punishWindow);
      for (const [i, seat] of liars.entries()) {
        await nextBlockAt(endAtS - 3n + BigInt(i));
        await expect(m.nodeRegistry.release(nodeAt(scene, seat), m.taskId)) //
          .to.be.revertedWithCustomError(m.nodeRegistry, "StillUnbonding");
      }
      for (const [i, seat] of liars.entries()) {
        const proof = await evidence(m, scene, seat, scene.outcome.digest);
        await nextBlockAt(endAtS - BigInt(liars.length - 1 - i));
        await expect(m.disputes.punish(request.words, 0, proof))
          .to.emit(m.disputes, "LoserPunished")
          .withArgs(request.requestId, nodeAt(scene, seat), 0n, stakePerNode);
      }
      expect(await nowS()).to.equal(endAtS);

      const bound = await m.disputes.longestDispute(windowS, beaconWaitS);
      expect(bound).to.equal(BigInt(longestDisputeS(m.world.parameters, windowS)));
      expectClose(endAtS - openedAtS, bound, 4n * BigInt(periodS));
      // of the sum that unbonding must exceed, only the wait before a refund is not used on this way
      const least = BigInt(leastUnbondingS(m.world.parameters, windowS));
      const idle = BigInt(request.fields.expireDelayS) + 5n * BigInt(periodS);
      expectClose(endAtS - snapshotAtS, least, idle);
      expect(BigInt(production.unbonding) > endAtS - snapshotAtS).to.equal(true);
    });
  }

  it("is shorter than the unbonding time of production, with the life of a request before it", async () => {
    const m = market();
    const least = leastUnbondingS(production);
    const bound = await m.disputes.longestDispute(windowS, beaconWaitS);
    const { fallbackDelay, chainPhase, expireDelay, disputeWindow } = production.parameters;
    const life = beaconWaitS + windowS + fallbackDelay + 2 * chainPhase + expireDelay;
    expect(least).to.equal(production.taskSettings.maxSnapshotAge + life + 86_400 + disputeWindow + Number(bound));
    expect(await m.nodeRegistry.unbonding()).to.equal(BigInt(production.unbonding));
    expect(production.unbonding).to.be.greaterThan(least);
  });

  function expectClose(actualS: bigint, boundS: bigint, slackS: bigint) {
    expect(actualS <= boundS, `${actualS} s within ${boundS} s`).to.equal(true);
    expect(actualS >= boundS - slackS, `${actualS} s uses all but ${slackS} s of ${boundS} s`).to.equal(true);
  }
});
