import { expect } from "chai";
import { makeBeaconJob } from "../../../keepers/beacon/run.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import { planBeacon } from "../../../keepers/beacon/plan.ts";
import type { RoundSource } from "../../../keepers/beacon/source.ts";
import type { Parts } from "../../../keepers/parts.ts";
import type { Pass } from "../../../keepers/runtime/loop.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { ask, post } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";
import { aRequest } from "../requests.ts";

const noSignal = new AbortController().signal;

describe("plan of the beacon", () => {
  const schedule = { genesisS: 1n, periodS: 3n };
  const open = aRequest();
  const roundTimeS = timeOf(schedule, open.fields.round);
  const facts = { requests: [open], posted: new Set<bigint>(), schedule, nowS: roundTimeS, most: 10 };

  it("relays a round from its own second until it helps nobody", () => {
    expect(planBeacon(facts).map(({ round }) => round)).to.deep.equal([open.fields.round]);
    expect(planBeacon({ ...facts, nowS: roundTimeS - 1n })).to.deep.equal([]);
    const lastS = roundTimeS + open.fields.beaconTimeoutS;
    expect(planBeacon({ ...facts, nowS: lastS })).to.have.length(1);
    expect(planBeacon({ ...facts, nowS: lastS + 1n })).to.deep.equal([]);
  });

  it("relays nothing that is posted or that no open request names, each round once, and a bounded number", () => {
    expect(planBeacon({ ...facts, posted: new Set([open.fields.round]) })).to.deep.equal([]);
    expect(planBeacon({ ...facts, requests: [aRequest({ state: "recorded" })] })).to.deep.equal([]);
    expect(planBeacon({ ...facts, requests: [open, open] })).to.have.length(1);
    const many = [1n, 2n, 3n, 4n].map((round) => ({ ...open, fields: { ...open.fields, round } }));
    const due = planBeacon({ ...facts, requests: many.toReversed(), most: 3 });
    expect(due.map(({ round }) => round)).to.deep.equal([1n, 2n, 3n]);
  });
});

describe("beacon", () => {
  let scene: Scene;
  let parts: Parts;
  let job: Pass;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
    parts = await scene.open({ jobs: ["beacon"], beacon: { source: "local", secretKey: "0x5eed" } });
    job = (await makeJob("beacon", parts)).pass;
  });
  afterEach(() => restore());

  const pass = async (one: Pass = job) => {
    await parts.chain.sync();
    const report = await one(noSignal);
    await parts.transactions.pass();
    await parts.transactions.pass();
    await parts.chain.sync();
    return report;
  };

  it("posts the round of an open request once its time has come, once", async () => {
    const { market } = scene;
    const request = await ask(market);
    await parts.chain.sync();
    expect((await pass()).done).to.equal(0);
    expect(await parts.chain.round(request.fields.round)).to.equal(undefined);
    await scene.passTime(10);
    expect((await pass()).done).to.equal(1);
    expect(await parts.chain.round(request.fields.round)).to.not.equal(undefined);
    expect(await pass()).to.deep.equal({ done: 0, failed: 0 });
  });

  it("does not post what somebody else has posted, and calls its own transaction off", async () => {
    const { market } = scene;
    const request = await ask(market);
    await scene.passTime(10);
    await parts.chain.sync();
    expect((await job(noSignal)).done).to.equal(1); // in the outbox, not sent
    await post(market, request);
    await pass();
    const key = { contract: market.instance.beacon, subject: `round:${request.fields.round}`, action: "submit" };
    expect((await parts.transactions.find(key))?.status).to.include({ kind: "cancelled" });
  });

  it("posts again what a reorganisation took away", async () => {
    const { market } = scene;
    const request = await ask(market);
    await scene.passTime(10);
    const rewind = await scene.snapshot();
    await pass();
    expect(await parts.chain.round(request.fields.round)).to.not.equal(undefined);
    await rewind();
    await scene.mine(20);
    for (let i = 0; i < 5 && (await parts.chain.round(request.fields.round)) === undefined; i++) {
      await pass();
      await scene.mine();
    }
    expect(await parts.chain.round(request.fields.round)).to.not.equal(undefined);
  });

  it("counts a source that fails as failed, for that round only", async () => {
    const { market } = scene;
    const [first, second] = [await ask(market), await ask(market, { slot: 1n })];
    expect(first.fields.round).to.not.equal(second.fields.round);
    await scene.passTime(10);
    const half: RoundSource = {
      signature: async (round) => {
        if (round === first.fields.round) throw new Error("no");
        return market.world.beacon.sign(round);
      },
    };
    expect(
      await pass(makeBeaconJob({ ...parts, source: half, cases: { ids: async () => [], of: async () => undefined } })),
    ).to.deep.equal({
      done: 1,
      failed: 1,
    });
    expect(await parts.chain.round(second.fields.round)).to.not.equal(undefined);
  });
});
