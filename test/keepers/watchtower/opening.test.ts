import { expect } from "chai";
import type { Hex } from "viem";
import { answerDigest } from "../../../deploy/local/committee.ts";
import { bitmapOf } from "../../../sdk/committee/bitmap.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import { consumerAsks, hireConsumer } from "../../helpers/consumer.ts";
import type { SettingsInput } from "../../../keepers/settings.ts";
import { forge } from "../../helpers/forge.ts";
import { askAndPost, balanceIn, settle } from "../../helpers/market.ts";
import { convene, decide, stage, stageSettled } from "../../helpers/disputes.ts";
import type { Scene } from "../fixture.ts";
import { answering, makeFolder, openCourt } from "../panel/scene.ts";
import { openWatchtower, speakerAt, type Watchtower } from "./scene.ts";

const otherOutput: Hex = `0x${"33".repeat(32)}`;
const idle = { done: 0, failed: 0 };

describe("watchtower, of openings,", () => {
  let scene: Scene;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openCourt(30);
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
  });
  afterEach(() => restore());

  type Request = Parameters<typeof speakerAt>[1];
  const hold = async (tower: Watchtower, request: Request, seat: number, output?: Hex): Promise<void> => {
    const { attestation } = await (await speakerAt(scene.market, request, seat)).attest(output);
    await tower.held.addAttestation(attestation, scene.clock.now());
  };
  const opened = async (): Promise<number> => {
    const { disputes } = scene.market;
    return (await disputes.queryFilter(disputes.filters.DisputeOpened())).length;
  };

  it("opens a dispute over members that can no longer agree, once", async () => {
    const { request } = await stage(scene.market, { quorum: 3n });
    const tower = await openWatchtower(scene);
    await hold(tower, request, 0);
    expect(await tower.pass()).to.deep.equal(idle);
    await hold(tower, request, 1, otherOutput);
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect(await opened()).to.equal(1);
    for (let i = 0; i < 2; i++) expect(await tower.pass()).to.deep.equal(idle);
    expect(await opened()).to.equal(1);
  });

  it("leaves a quorum its time, and shows the dissent when the chain has taken the result", async () => {
    const scenery = await stage(scene.market, { quorum: 2n });
    const { request } = scenery;
    const tower = await openWatchtower(scene);
    for (const [seat, output] of [[0], [1], [2, otherOutput]] as const) await hold(tower, request, seat, output);
    expect(await tower.pass()).to.deep.equal(idle);
    await settle(scene.market, scenery.settlement);
    await scene.mine();
    expect(await tower.pass()).to.deep.equal({ done: 1, failed: 0 });
    expect(await opened()).to.equal(1);
  });

  it("shows a dissent from a result that waits for its challenge window, in time and not afterwards", async () => {
    const { request } = await stageSettled(scene.market, 40n);
    const tower = await openWatchtower(scene);
    await hold(tower, request, 2, otherOutput);
    const late = await scene.snapshot();
    expect((await tower.pass()).done).to.equal(1);
    expect(await opened()).to.equal(1);
    await late();
    const [later, other] = [await openWatchtower(scene, undefined, 7), await stage(scene.market, { slot: 1n })];
    await hold(later, request, 2, otherOutput);
    await hold(later, other.request, 0);
    await scene.passTime(41);
    expect(await later.pass()).to.deep.equal(idle);
    expect(await opened()).to.equal(0);
  });

  it("disputes a result that another contract brought, and goes past a member that was jailed", async () => {
    const { market } = scene;
    const consumer = await hireConsumer(market);
    const request = await consumerAsks(market, consumer, { k: 5n, quorum: 3n });
    const settlement = await forge(market, request, { committed: bitmapOf([0, 1, 4]) });
    await consumer.act(market.escrow.interface.encodeFunctionData("settle", [[settlement], []]));
    await scene.mine();
    const tower = await openWatchtower(scene);
    for (const seat of [2, 3]) await hold(tower, request, seat, otherOutput);
    const jailed = await speakerAt(market, request, 2);
    for (const output of [undefined, otherOutput])
      // it contradicts itself, too
      await tower.held.addAttestation((await jailed.attest(output)).attestation, scene.clock.now());
    for (let i = 0; i < 3; i++) expect((await tower.pass()).failed).to.equal(0);
    expect(await market.nodeRegistry.allocatedStake(jailed.nodeId, market.taskId)).to.equal(0n);
    expect(await opened()).to.equal(1);
  });

  it("opens nothing where it is told to, or where all say what the chain took", async () => {
    const { request } = await stageSettled(scene.market, 0n);
    const idler = await openWatchtower(scene, { jobs: ["watchtower", "settler"], watchtower: { open: false } }, 7);
    await hold(idler, request, 2, otherOutput);
    expect(await idler.pass()).to.deep.equal(idle);
    const tower = await openWatchtower(scene, undefined, 8);
    for (const seat of [0, 1, 2]) await hold(tower, request, seat);
    expect(await tower.pass()).to.deep.equal(idle);
    expect(await opened()).to.equal(0);
  });

  describe("by computing again", () => {
    const { folder, remove } = makeFolder();
    after(remove);

    /** A tower that finds the sample output; the committee has settled another. */
    const towerOver = async (output: Hex, watchtower: SettingsInput["watchtower"], slot = 0n) => {
      const challengeWindow = 40n;
      const { market } = scene;
      const request = await askAndPost(market, { k: 3n, quorum: 2n, challengeWindow, slot });
      await settle(market, await forge(market, request, { answer: { output }, committed: bitmapOf([0, 1]) }));
      await scene.mine();
      const parts = await scene.open({
        jobs: ["watchtower"],
        watchtower: { reexecute: 1, sample: 0, bondTasks: [market.taskId], ...watchtower },
        executor: { cacheDir: folder, requireIsolation: false },
      });
      const job = await makeJob("watchtower", parts, [answering()]);
      const once = async () => {
        await parts.chain.sync();
        const report = await job.once(new AbortController().signal);
        for (let i = 0; i < 2; i++) await parts.transactions.pass();
        return report;
      };
      return { parts, job, once, request };
    };
    const countsOf = async (tower: Awaited<ReturnType<typeof towerOver>>) =>
      [
        ...(await tower.parts.metrics.render()).text.matchAll(/^atoma_reexecutions_total\{outcome="(\w+)"\} (\d+)$/gm),
      ].map(([, outcome, count]) => `${outcome} ${count}`);

    it("challenges a result that a whole quorum lied about, with a bond of its own", async () => {
      const { market } = scene;
      const tower = await towerOver(otherOutput, { maxBond: "1000000000000" });
      const { address } = tower.parts.transactions;
      await market.escrow.connect(market.requester).deposit(address, 10n ** 9n);
      const before = await balanceIn(market, address);
      expect(await tower.once()).to.deep.equal({ done: 1, failed: 0 });
      expect(await opened()).to.equal(1);
      expect(await balanceIn(market, address)).to.be.lessThan(before);
      expect(await countsOf(tower)).to.deep.equal(["same 0", "different 1", "skipped 0"]);
      expect(await tower.once()).to.deep.equal(idle);
      await tower.job.close();
    });

    it("appeals when a panel confirms what came out otherwise here, once", async () => {
      const { market } = scene;
      const tower = await towerOver(otherOutput, { maxBond: "1000000000000" });
      await market.escrow.connect(market.requester).deposit(tower.parts.transactions.address, 10n ** 9n);
      expect((await tower.once()).done).to.equal(1);
      await convene(market, tower.request, 1);
      const digest = answerDigest(tower.request, { output: otherOutput });
      await decide(market, tower.request, { level: 1, digest, attesting: [0, 1, 2, 3, 4] });
      await scene.mine();
      expect(await tower.once()).to.deep.equal({ done: 1, failed: 0 });
      const appealed = await market.disputes.queryFilter(market.disputes.filters.LevelOpened(tower.request.requestId));
      expect(appealed.map(({ args }) => args.appellant)).to.deep.equal([tower.parts.transactions.address]);
      await scene.mine();
      expect(await tower.once()).to.deep.equal(idle);
      await tower.job.close();
    });

    it("only reports it where no bond is allowed, or a smaller one", async () => {
      for (const [i, maxBond] of ["0", "1"].entries()) {
        const tower = await towerOver(otherOutput, { maxBond }, BigInt(i));
        expect(await tower.once()).to.deep.equal(idle);
        expect(await countsOf(tower)).to.deep.equal(["same 0", `different ${i + 1}`, "skipped 0"]);
        await tower.job.close();
      }
      expect(await opened()).to.equal(0);
    });

    it("puts up nothing over tasks that nobody named", async () => {
      const tower = await towerOver(otherOutput, { maxBond: "1000000000000", bondTasks: [77n] });
      expect(await tower.once()).to.deep.equal(idle);
      expect(await countsOf(tower)).to.deep.equal(["same 0", "different 1", "skipped 0"]);
      await tower.job.close();
    });

    it("computes nothing that can no longer be disputed", async () => {
      const tower = await towerOver(otherOutput, { maxBond: "0" });
      await scene.passTime(41);
      expect(await tower.once()).to.deep.equal(idle);
      expect(await countsOf(tower)).to.deep.equal(["same 0", "different 0", "skipped 0"]);
      await tower.job.close();
    });

    it("finds nothing in an honest result, and computes each once", async () => {
      const tower = await towerOver(`0x${"22".repeat(32)}`, { maxBond: "1000000000000" });
      for (let i = 0; i < 2; i++) expect(await tower.once()).to.deep.equal(idle);
      expect(await countsOf(tower)).to.deep.equal(["same 1", "different 0", "skipped 0"]);
      await tower.job.close();
    });
  });
});
