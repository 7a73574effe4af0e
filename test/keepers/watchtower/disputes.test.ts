import { expect } from "chai";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import {
  appealWindowS,
  conflict,
  convene,
  decide,
  endings,
  panelOf,
  panelTimeS,
  roundOf,
  stage,
  type Scene as Disputed,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { sampleOutput } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";
import { openWatchtower, speakerAt, type Watchtower } from "./scene.ts";

const otherOutput = `0x${"33".repeat(32)}` as const;
const stake = 1_000n * 10n ** 18n;
/** Long enough for several transactions, one a second. */
const punishWindowS = 30n;
const [concludedFlag, closedFlag] = [16n, 32n];

describe("watchtower, of disputes,", () => {
  let scene: Scene;
  let disputed: Disputed;
  let tower: Watchtower;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene({
      nodes: 30,
      task: { window: 30 },
      adjust: (p) => ({ ...p, disputeParameters: { ...p.disputeParameters, punishWindow: Number(punishWindowS) } }),
    });
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
    disputed = await stage(scene.market);
    tower = await openWatchtower(scene);
  });
  afterEach(() => restore());

  const requestId = () => disputed.request.requestId;
  const words = async (): Promise<readonly bigint[]> => scene.market.disputes.caseOf(requestId());
  const has = async (flag: bigint): Promise<boolean> => (((await words())[0] ?? 0n) & flag) !== 0n;
  const hasLevelTwo = async (): Promise<boolean> => (await words())[3] !== 0n;
  const stakeOf = (nodeId: bigint) => scene.market.nodeRegistry.allocatedStake(nodeId, scene.market.taskId);
  /** Mines past a second, so that the newest block and the clock show it. */
  const passPast = async (timeS: bigint): Promise<void> => {
    await waitPast(scene.market, timeS);
    await scene.mine();
  };
  /** Seats 0 and 1 contradict each other, and the first panel's time begins. Returns the last second of it. */
  const open = async (): Promise<bigint> => {
    await conflict(scene.market, disputed);
    const endsAt = (await convene(scene.market, disputed.request, 1)) + panelTimeS;
    await scene.mine();
    return endsAt;
  };
  const vote = (digest: `0x${string}`, attesting: readonly number[], silent: readonly number[] = []) =>
    decide(scene.market, disputed.request, { level: 1, digest, attesting, silent });
  const idle = { done: 0, failed: 0 };

  it("escalates an undecided first level within the appeal window, once, and nothing before", async () => {
    await conflict(scene.market, disputed);
    await scene.mine();
    expect(await tower.pass()).to.deep.equal(idle); // no panel yet
    const endsAt = (await convene(scene.market, disputed.request, 1)) + panelTimeS;
    await scene.mine();
    expect(await tower.pass()).to.deep.equal(idle);
    await scene.passTime(endsAt - BigInt(await scene.market.networkHelpers.time.latest()) - 1n);
    expect(await tower.pass()).to.deep.equal(idle);
    expect(await hasLevelTwo()).to.equal(false);
    await passPast(endsAt);
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect(await hasLevelTwo()).to.equal(true);
    expect(await tower.pass()).to.deep.equal(idle);
  });

  it("has a round drawn again that nobody posted in time, once, and gives up the second one", async () => {
    const { market } = scene;
    await conflict(market, disputed);
    const roundNow = () => roundOf(market, disputed.request, 1);
    const first = await roundNow();
    const givenUpAt = async () =>
      timeOf(market.world.beacon, await roundNow()) + disputed.request.fields.beaconTimeoutS;
    await scene.mine();
    expect(await tower.pass()).to.deep.equal(idle);
    await passPast(await givenUpAt());
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect(await roundNow()).to.be.greaterThan(first);
    expect(await tower.pass()).to.deep.equal(idle);
    await passPast(await givenUpAt());
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect((await market.disputes.verdictOf(disputed.request.words)).ending).to.equal(endings.noPanel);
    expect(await has(concludedFlag)).to.equal(true);
  });

  it("has the round of the second level drawn again as well", async () => {
    const { market } = scene;
    const { request } = disputed;
    await conflict(market, disputed);
    const giveUp = async (level: 1 | 2): Promise<bigint> => {
      const round = await roundOf(market, request, level);
      await passPast(timeOf(market.world.beacon, round) + request.fields.beaconTimeoutS);
      return round;
    };
    await scene.mine();
    await giveUp(1);
    expect((await tower.pass()).done).to.equal(1);
    await passPast((await convene(market, request, 1)) + panelTimeS);
    expect((await tower.pass()).done).to.equal(1); // nobody decided: it escalates
    const given = await giveUp(2);
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect(await roundOf(market, request, 2)).to.be.greaterThan(given);
  });

  it("concludes and closes what nobody decided", async () => {
    const endsAt = await open();
    await passPast(endsAt);
    await tower.pass();
    const endsAgain = (await convene(scene.market, disputed.request, 2)) + panelTimeS + appealWindowS;
    await scene.mine();
    expect(await tower.pass()).to.deep.equal(idle);
    await passPast(endsAgain);
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect(await has(concludedFlag)).to.equal(true);
    expect((await tower.parts.chain.request(requestId()))?.state).to.equal("refunded");
    await passPast(endsAgain + punishWindowS);
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect(await has(closedFlag)).to.equal(true);
    expect(await tower.parts.chain.openDisputes()).to.deep.equal([]);
    expect(await tower.pass()).to.deep.equal(idle);
  });

  it("concludes a decision when it is final, punishes losers and silent jurors, and then closes", async () => {
    const { market } = scene;
    const [honest, liar] = [await speakerAt(market, disputed.request, 0), await speakerAt(market, disputed.request, 1)];
    for (const [speaker, output] of [
      [honest, sampleOutput],
      [liar, otherOutput],
    ] as const)
      await tower.held.addAttestation((await speaker.attest(output)).attestation, scene.clock.now());
    const endsAt = await open();
    await vote(truth(disputed.request), [0, 1, 2, 3, 4], [5]);
    const jurors = await panelOf(market, disputed.request, 1);
    await passPast(endsAt);
    expect(await tower.pass()).to.deep.equal(idle); // it can be appealed
    await passPast(endsAt + appealWindowS);
    expect(await tower.pass()).to.deep.equal({ done: 4, failed: 0 }); // conclude, one loser, two silent
    expect(await has(concludedFlag)).to.equal(true);
    expect(await has(closedFlag)).to.equal(false);
    const punishments = await Promise.all(
      [honest, liar, ...jurors].map(({ nodeId }) => market.disputes.punishmentOf(requestId(), nodeId)),
    );
    expect(punishments).to.deep.equal([0n, 2n, 0n, 0n, 0n, 0n, 0n, 1n, 1n]);
    expect(await stakeOf(liar.nodeId)).to.equal(0n);
    expect(await stakeOf(honest.nodeId)).to.equal(stake);
    expect(await tower.pass()).to.deep.equal(idle);
    await passPast(endsAt + appealWindowS + punishWindowS);
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect(await has(closedFlag)).to.equal(true);
    expect(await market.nodeRegistry.awardOf(market.instance.disputes)).to.equal(0n);
  });

  it("punishes nobody for a digest that stands", async () => {
    const liar = await speakerAt(scene.market, disputed.request, 1);
    await tower.held.addAttestation((await liar.attest(otherOutput)).attestation, scene.clock.now());
    const endsAt = await open();
    await vote((await liar.attest(otherOutput)).attestation.digest, [0, 1, 2, 3, 4, 5, 6]);
    await passPast(endsAt + appealWindowS);
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect((await scene.market.disputes.verdictOf(disputed.request.words)).ending).to.equal(endings.decided);
    expect(await stakeOf(liar.nodeId)).to.equal(stake);
  });

  it("leaves to others what they have done, and goes on with the rest", async () => {
    const second = await openWatchtower(scene, undefined, 7);
    const endsAt = await open();
    await vote(truth(disputed.request), [0, 1, 2, 3, 4, 5]);
    await passPast(endsAt + appealWindowS);
    expect((await tower.pass()).done).to.equal(2); // conclude, one silent
    expect(await second.pass()).to.deep.equal(idle);
    await passPast(endsAt + appealWindowS + punishWindowS);
    expect(await second.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect(await tower.pass()).to.deep.equal(idle);
  });

  it("leaves disputes alone where it is told to", async () => {
    const idler = await openWatchtower(scene, { jobs: ["watchtower", "settler"], watchtower: { disputes: false } }, 7);
    await passPast(await open());
    expect(await idler.pass()).to.deep.equal(idle);
    expect((await tower.pass()).done).to.equal(1);
  });

  it("follows a reorganisation that takes a dispute away", async () => {
    await tower.parts.chain.sync();
    const undo = await scene.snapshot();
    const endsAt = await open();
    await tower.parts.chain.sync();
    expect(await tower.parts.chain.openDisputes()).to.deep.equal([requestId()]);
    await undo();
    await scene.mine(4); // another chain, without it
    await tower.parts.chain.sync();
    expect(await tower.parts.chain.openDisputes()).to.deep.equal([]);
    await passPast(endsAt);
    expect(await tower.pass()).to.deep.equal(idle);
  });
});
