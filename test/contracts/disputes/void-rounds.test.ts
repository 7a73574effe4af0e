import { expect } from "chai";
import { longestDisputeS } from "../../../deploy/parameters/unbonding.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import {
  appealWindowS,
  conflict,
  convene,
  decide,
  endings,
  lie,
  panelOf,
  panelTimeS,
  roundOf,
  type Scene,
  stage,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { useMarket } from "../../helpers/market.ts";

const funds = 10n ** 9n;
const [six, fifteen] = [[...Array(6).keys()], [...Array(15).keys()]];

describe("A void round of a dispute", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  let scene: Scene;
  let openedAt: bigint;
  beforeEach(async () => {
    scene = await stage(market());
    await conflict(market(), scene);
    openedAt = BigInt(await market().networkHelpers.time.latest());
  });
  const redraw = () => market().disputes.connect(market().stranger).redraw(scene.request.words);
  const verdict = () => market().disputes.verdictOf(scene.request.words);
  const isPending = async (): Promise<boolean> => (await verdict()).ending === endings.pending;

  /** When a level's round is given up. */
  async function givenUpAt(level: 1 | 2): Promise<bigint> {
    const round = await roundOf(market(), scene.request, level);
    return timeOf(market().world.beacon, round) + scene.request.fields.beaconTimeoutS;
  }

  /** Liars use a lagging clock: the round is known before its time. */
  async function postEarly(level: 1 | 2): Promise<bigint> {
    const { beacon, world, networkHelpers } = market();
    const round = await roundOf(market(), scene.request, level);
    await nextBlockAt(BigInt(await networkHelpers.time.latest()) + 1n);
    await beacon.submit(round, world.beacon.sign(round));
    return givenUpAt(level);
  }

  it("posted early is drawn again, and the dispute is judged after all", async () => {
    const m = market();
    const latest = await postEarly(1);
    await expect(m.disputes.panelOf(scene.request.words, 1)).to.be.revertedWithCustomError(m.disputes, "NoRound");
    expect((await verdict()).finalAt).to.equal(latest + appealWindowS);
    await expect(m.disputes.conclude(scene.request.words)).to.be.revertedWithCustomError(m.disputes, "StillPending");
    await nextBlockAt(latest);
    await expect(redraw()).to.be.revertedWithCustomError(m.disputes, "TooEarly").withArgs(latest);
    await nextBlockAt(latest + 1n);
    const before = await m.disputes.caseOf(scene.request.requestId);
    await expect(redraw()).to.emit(m.disputes, "LevelRedrawn");
    const after = await m.disputes.caseOf(scene.request.requestId);
    const mask = 0xffff_ffffn << 32n;
    expect((after[0] ?? 0n) & ~mask).to.equal((before[0] ?? 0n) & ~mask);
    const finalAt = (await convene(m, scene.request, 1)) + panelTimeS + appealWindowS;
    expect(await panelOf(m, scene.request, 1)).to.have.length(7);
    await decide(m, scene.request, { level: 1, digest: truth(scene.request), attesting: six });
    await waitPast(m, finalAt);
    expect((await verdict()).ending).to.equal(endings.decided);
    await expect(m.disputes.conclude(scene.request.words)).to.emit(m.escrow, "VerdictRecorded");
  });

  it("names its new round in an event: one still to come", async () => {
    const m = market();
    const latest = await givenUpAt(1);
    await nextBlockAt(latest + 1n);
    await expect(redraw())
      .to.emit(m.disputes, "LevelRedrawn")
      .withArgs(scene.request.requestId, 1n, (round: bigint) => timeOf(m.world.beacon, round) >= latest + 4n);
  });

  it("never posted is drawn again once: then there is no panel, and no third round", async () => {
    const m = market();
    await nextBlockAt((await givenUpAt(1)) + 1n);
    await redraw();
    const latest = await givenUpAt(1);
    expect(await isPending()).to.equal(true);
    await waitPast(m, latest);
    expect(await verdict()).to.deep.equal([endings.noPanel, 0n, 1n, latest, false]);
    await expect(redraw()).to.be.revertedWithCustomError(m.disputes, "NothingToRedraw");
    await expect(m.disputes.conclude(scene.request.words)).to.emit(m.disputes, "DisputeConcluded");
  });

  it("that nobody redraws leaves no panel, once the appeal window after it is over", async () => {
    const m = market();
    const last = (await givenUpAt(1)) + appealWindowS;
    await m.networkHelpers.time.increaseTo(last);
    expect(await isPending()).to.equal(true);
    await waitPast(m, last);
    await expect(redraw()).to.be.revertedWithCustomError(m.disputes, "WindowOver").withArgs(last);
    expect((await verdict()).ending).to.equal(endings.noPanel);
    await m.disputes.conclude(scene.request.words);
  });

  it("is redrawn in the last second", async () => {
    await nextBlockAt((await givenUpAt(1)) + appealWindowS);
    await expect(redraw()).to.emit(market().disputes, "LevelRedrawn");
  });

  it("is what it takes: a round that is awaited or good stays", async () => {
    const m = market();
    await expect(redraw()).to.be.revertedWithCustomError(m.disputes, "NothingToRedraw");
    await convene(m, scene.request, 1);
    await expect(redraw()).to.be.revertedWithCustomError(m.disputes, "NothingToRedraw");
  });

  it("of the second level is drawn again too, and the appellant keeps its appeal", async () => {
    const m = market();
    const end = (await convene(m, scene.request, 1)) + panelTimeS;
    await decide(m, scene.request, { level: 1, digest: lie, attesting: six });
    await m.escrow.connect(m.requester).transfer(m.stranger.address, funds);
    await m.disputes.connect(m.stranger).appeal(scene.request.words);
    const latest = await postEarly(2);
    await waitPast(m, end + appealWindowS);
    expect(await isPending()).to.equal(true);
    await nextBlockAt(latest + 1n);
    await redraw();
    const finalAt = (await convene(m, scene.request, 2)) + panelTimeS + appealWindowS;
    await decide(m, scene.request, { level: 2, digest: truth(scene.request), attesting: fifteen });
    await waitPast(m, finalAt);
    const { ending, level, isAppealJudged } = await verdict();
    expect([ending, level, isAppealJudged]).to.deep.equal([endings.decided, 2n, true]);
    await m.disputes.conclude(scene.request.words);
    expect((await m.escrow.accountOf(m.stranger.address)).balance).to.equal(funds);
  });

  it("of the second level that nobody redraws leaves the first one's decision", async () => {
    const m = market();
    await convene(m, scene.request, 1);
    await decide(m, scene.request, { level: 1, digest: lie, attesting: six });
    await m.escrow.connect(m.requester).transfer(m.stranger.address, funds);
    await m.disputes.connect(m.stranger).appeal(scene.request.words);
    await waitPast(m, (await postEarly(2)) + appealWindowS);
    const { ending, level, isAppealJudged } = await verdict();
    expect([ending, level, isAppealJudged]).to.deep.equal([endings.decided, 1n, false]);
  });

  it("at both levels still lets the dispute end within the longest time (DSP-1)", async () => {
    const m = market();
    const { disputes } = m;
    const longestS = BigInt(longestDisputeS(m.world.parameters, Number(scene.request.fields.windowS)));
    for (const level of [1, 2] as const) {
      await nextBlockAt((await givenUpAt(level)) + appealWindowS);
      await redraw();
      await nextBlockAt(await givenUpAt(level));
      const round = await roundOf(m, scene.request, level);
      await m.beacon.submit(round, m.world.beacon.sign(round));
      const { finalAt } = await verdict();
      if (level === 2) break;
      await nextBlockAt(finalAt);
      await disputes.escalate(scene.request.words);
    }
    const { finalAt } = await verdict();
    const closesAt = finalAt + BigInt(m.world.parameters.disputeParameters.punishWindow);
    expect(closesAt).to.be.lessThanOrEqual(openedAt + longestS);
    expect(closesAt).to.be.greaterThanOrEqual(openedAt + longestS - 4n); // a round of a second, at each wait
    await waitPast(m, closesAt);
    await expect(disputes.close(scene.request.words)).to.emit(disputes, "SpoilsShared");
  });
});
