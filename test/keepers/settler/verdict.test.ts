import { expect } from "chai";
import type { LocalRequest } from "../../../deploy/local/committee.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import { makeHeldStore } from "../../../keepers/network/held.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { conflict, convene, decide, lie, panelTimeS, stage, truth, waitPast } from "../../helpers/disputes.ts";
import { fingerprintOf } from "../../../sdk/agreement/fingerprint.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { timelineOf } from "../../../sdk/time/timeline.ts";
import { openScene, type Scene } from "../fixture.ts";
import { attestationsFor } from "../members.ts";

const noSignal = new AbortController().signal;

describe("a settler after a dispute", function () {
  this.timeout(60_000);
  let scene: Scene;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
  });
  afterEach(() => restore());

  /** A settler that holds the honest quorum of a request over which a third member lied. */
  const openSettler = async (request: LocalRequest) => {
    const parts = await scene.open({ jobs: ["settler"] }, 8);
    const held = makeHeldStore(parts.store);
    for (const one of await attestationsFor(scene.market, request, { attesting: [0, 2] }))
      await held.addAttestation(one, scene.clock.now());
    return { parts, job: await makeJob("settler", parts) };
  };
  type Settler = Awaited<ReturnType<typeof openSettler>>;

  /** Long enough for every turn, and for the members that are silent. */
  const letSettle = async ({ parts, job }: Settler, passes = 12): Promise<void> => {
    for (let i = 0; i < passes; i++) {
      await parts.chain.sync();
      await job.pass(noSignal);
      await parts.transactions.pass();
      await parts.transactions.pass();
      await scene.passTime(1);
    }
    await parts.chain.sync();
  };
  const stateIn = async ({ chain }: Parts, { requestId }: LocalRequest) => (await chain.request(requestId))?.state;

  const judged = async (digest: "truth" | "lie") => {
    const { market } = scene;
    const { request, members } = await stage(market);
    await conflict(market, { request, members });
    const startS = await convene(market, request, 1);
    const settler = await openSettler(request);
    await decide(market, request, { level: 1, digest: digest === "truth" ? truth(request) : lie });
    return { request, startS, settler };
  };
  const conclude = async (request: LocalRequest, startS: bigint): Promise<void> => {
    await waitPast(scene.market, startS + panelTimeS + 8n);
    await scene.market.disputes.connect(scene.market.stranger).conclude(request.words);
  };

  it("settles what was upheld, though the deadline is past, and not before the verdict", async () => {
    const { request, startS, settler } = await judged("truth");
    await letSettle(settler, 6);
    expect(await stateIn(settler.parts, request)).to.equal("open");
    await conclude(request, startS);
    const { fields } = request;
    const postedAtS = (await settler.parts.chain.round(fields.round))?.postedAtS ?? 0n;
    const { deadlineS } = timelineOf(fields, timeOf(scene.market.world.beacon, fields.round), postedAtS);
    expect(BigInt(await scene.market.networkHelpers.time.latest()) > deadlineS).to.equal(true);
    await letSettle(settler);
    expect(await stateIn(settler.parts, request)).to.equal("settled");
  });

  it("does not settle a quorum that the verdict found wrong", async () => {
    const { request, startS, settler } = await judged("lie");
    await conclude(request, startS);
    await letSettle(settler);
    expect(await stateIn(settler.parts, request)).to.equal("open");
    const [summary] = await settler.parts.chain.activeSummaries();
    expect(summary?.verdict?.digest).to.equal(fingerprintOf(lie));
  });
});
