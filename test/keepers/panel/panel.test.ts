import { expect } from "chai";
import { fingerprintOf } from "../../../sdk/agreement/fingerprint.ts";
import type { LocalRequest } from "../../../deploy/local/committee.ts";
import { makeBeaconJob } from "../../../keepers/beacon/run.ts";
import { inputPeersOf } from "../../../keepers/executor/seat.ts";
import { makeCommittees } from "../../../keepers/network/committees.ts";
import { makeHeldStore } from "../../../keepers/network/held.ts";
import { makeCases } from "../../../keepers/panel/cases.ts";
import { makePanels } from "../../../keepers/panel/draw.ts";
import {
  conflict,
  dissent,
  endings,
  evidenceOf,
  lie,
  panelOf,
  roundOf,
  stage,
  stageSettled,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import type { Scene } from "../fixture.ts";
import {
  answering,
  disputeOver,
  drawPanel,
  type Juror,
  letWork,
  makeFolder,
  openCourt,
  roundTimeIn,
  startJuror,
} from "./scene.ts";

const noSignal = new AbortController().signal;

describe("panels that keepers serve", function () {
  this.timeout(120_000);
  let scene: Scene;
  let restore: () => Promise<void>;
  let place: ReturnType<typeof makeFolder>;
  const running = new Set<Juror>();
  before(async () => {
    scene = await openCourt();
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
    place = makeFolder();
  });
  afterEach(async () => {
    for (const juror of running) await juror.close();
    running.clear();
    await restore();
    place.remove();
  });

  const start = async (nodeId: bigint, executor = answering()): Promise<Juror> => {
    const juror = await startJuror(scene, nodeId, place.folder, executor);
    running.add(juror);
    return juror;
  };
  const stop = async (juror: Juror): Promise<void> => {
    running.delete(juror);
    await juror.close();
  };
  const firstTally = async (request: LocalRequest) => (await disputeOver(scene, request)).first.tally;
  const isDecided = (request: LocalRequest) => async () => (await firstTally(request))?.isDecided === true;
  const digestWord = (request: LocalRequest): bigint => fingerprintOf(truth(request));

  /** An open request over which members 0 and 1 contradict each other, and its panel. */
  const openDispute = async () => {
    const scenery = await stage(scene.market);
    await conflict(scene.market, scenery);
    return { ...scenery, ...(await drawPanel(scene, scenery.request, 1)) };
  };

  it("decide for what the honest member said, so that it is upheld and the liar loses its stake", async () => {
    const { market } = scene;
    const { request, members, jurors, startS } = await openDispute();
    expect(jurors).to.have.length(7);
    for (const nodeId of jurors) await start(nodeId);
    expect(await letWork(scene, () => [...running], isDecided(request))).to.equal(true);
    const tally = await firstTally(request);
    expect(tally?.digest).to.equal(digestWord(request));
    expect(tally?.attested).to.equal(0b1111111n);
    const sent = await market.disputes.queryFilter(market.disputes.filters.PanelAttested(request.requestId));
    expect(sent, "one juror pays for all").to.have.length(1);

    await waitPast(market, startS + 64n);
    await market.disputes.connect(market.stranger).conclude(request.words);
    expect((await market.disputes.verdictOf(request.words)).ending).to.equal(endings.decided);
    const lied = await evidenceOf(market, request, members, 1, { digest: lie });
    await market.disputes.connect(market.stranger).punish(request.words, 0, lied);
    expect(await market.nodeRegistry.allocatedStake(members[1]?.nodeId ?? 0n, market.taskId)).to.equal(0n);
    const honest = await evidenceOf(market, request, members, 0, { digest: truth(request) });
    await expect(market.disputes.connect(market.stranger).punish(request.words, 0, honest)).to.revert(market.ethers);
  });

  it("decide without a silent and a lying juror, which are left out", async () => {
    const { request, jurors } = await openDispute();
    const [, liar, ...honest] = jurors; // the first one does nothing
    for (const nodeId of honest) await start(nodeId);
    await start(liar ?? 0n, answering(`0x${"66".repeat(32)}`));
    expect(await letWork(scene, () => [...running], isDecided(request))).to.equal(true);
    const tally = await firstTally(request);
    expect(tally?.digest).to.equal(digestWord(request));
    expect(tally?.attested).to.equal(0b1111100n);
  });

  it("judge a request that is settled and paid", async () => {
    const { market } = scene;
    const scenery = await stageSettled(market, 0n);
    await dissent(market, scenery);
    const { request } = scenery;
    const { jurors } = await drawPanel(scene, request, 1);
    for (const nodeId of jurors) await start(nodeId);
    expect(await letWork(scene, () => [...running], isDecided(request))).to.equal(true);
    expect((await firstTally(request))?.digest).to.equal(digestWord(request));
    const [first] = running;
    expect((await first?.parts.chain.request(request.requestId))?.state).to.equal("settled");
  });

  it("ask the committee for an input that co-jurors do not have", async () => {
    const { request, members } = await openDispute();
    const parts = await scene.open({ jobs: ["beacon"] });
    await parts.chain.sync();
    const view = parts.chain;
    const roundTimeS = roundTimeIn(scene);
    const panels = makePanels({ view, cases: makeCases({ ...parts, view }), roundTimeS });
    const found = await makeCommittees({ view, roundTimeS, panels }).byId(request.requestId, 1n);
    if ("missing" in found) throw new Error(found.missing);
    const { committee } = found;
    const [own, ...others] = committee.members.map(({ nodeId }) => nodeId);
    const asked = inputPeersOf({ committee, nodeId: own ?? 0n });
    expect(asked).to.deep.equal([...others, ...members.map(({ nodeId }) => nodeId)]);
  });

  it("sign nothing twice over a restart, and decide all the same", async () => {
    const { request, jurors } = await openDispute();
    for (const nodeId of jurors.slice(0, 5)) await start(nodeId);
    const [restarted] = running;
    if (restarted === undefined) throw new Error("no juror");
    const saidBy = async ({ parts }: Juror) => {
      const { commits, attestations } = await makeHeldStore(parts.store).read(request.requestId, 1n);
      return {
        commits: commits.filter(({ nodeId }) => nodeId === restarted.nodeId),
        attestations: attestations.filter(({ nodeId }) => nodeId === restarted.nodeId),
      };
    };
    const hasCommitted = async () => (await saidBy(restarted)).commits.length > 0;
    expect(await letWork(scene, () => [...running], hasCommitted)).to.equal(true);
    await stop(restarted);
    const again = await start(restarted.nodeId);
    expect(await letWork(scene, () => [...running], isDecided(request))).to.equal(true);
    expect((await firstTally(request))?.attested).to.equal(0b11111n);
    for (const juror of [again, ...[...running].slice(0, 2)]) {
      const said = await saidBy(juror);
      expect(said.commits).to.have.length(1);
      expect(new Set(said.attestations.map(({ digest }) => digest)).size).to.equal(1);
    }
  });

  it("are drawn as the contract draws them, on both levels, and their rounds are posted", async () => {
    const { market } = scene;
    const { request } = await openDispute();
    const parts = await scene.open({ jobs: ["beacon"] });
    const cases = makeCases({ ...parts, view: parts.chain });
    const roundTimeS = roundTimeIn(scene);
    const view = parts.chain;
    const committees = makeCommittees({ view, roundTimeS, panels: makePanels({ view, cases, roundTimeS }) });
    const drawn = async (level: bigint) => {
      await parts.chain.sync();
      const found = await committees.byId(request.requestId, level);
      return "missing" in found ? found.missing : found.committee.members;
    };
    expect(await drawn(1n)).to.deep.equal(await panelOf(market, request, 1));
    expect(await drawn(2n)).to.equal("UnknownLevel");
    const { requestId } = request;
    const opened = (await committees.byId(requestId, 1n)) as Extract<
      Awaited<ReturnType<typeof committees.byId>>,
      { committee: unknown }
    >;
    const { startS, deadlineS } = opened.committee.timeline;
    expect(deadlineS - startS).to.equal(60n);

    await waitPast(market, deadlineS);
    await market.disputes.connect(market.stranger).escalate(request.words);
    const round = await roundOf(market, request, 2);
    await waitPast(market, roundTimeS(round));
    await scene.mine();
    await parts.chain.sync();
    const source = { signature: async (number: bigint) => market.world.beacon.sign(number) };
    await makeBeaconJob({ ...parts, source, cases })(noSignal);
    await parts.transactions.pass();
    await parts.transactions.pass();
    expect((await market.escrow.roundWord(round)) === 0n).to.equal(false);
    expect(await drawn(2n)).to.equal("CommitteeIncomplete"); // two nodes are left of twelve
    expect((await disputeOver(scene, request)).second?.round).to.equal(round);
  });
});
