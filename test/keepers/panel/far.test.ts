import { expect } from "chai";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { keccak256, stringToHex } from "viem";
import { committeeOf, type LocalRequest } from "../../../deploy/local/committee.ts";
import { makeHeldStore } from "../../../keepers/network/held.ts";
import { fingerprintOf } from "../../../sdk/agreement/fingerprint.ts";
import { conflict, endings, panelTimeS, stage, truth, waitPast } from "../../helpers/disputes.ts";
import { paramsFor, post, requestOf } from "../../helpers/market.ts";
import type { Scene } from "../fixture.ts";
import { disputeOver, drawPanel, type Juror, letWork, makeFolder, openCourt, startJuror } from "./scene.ts";

describe("panels that have a long way", function () {
  this.timeout(180_000);
  let scene: Scene;
  let restore: () => Promise<void>;
  let place: ReturnType<typeof makeFolder>;
  const running = new Set<Juror>();
  before(async () => {
    scene = await openCourt(30);
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

  const start = async (nodeIds: readonly bigint[]): Promise<void> => {
    for (const nodeId of nodeIds) running.add(await startJuror(scene, nodeId, place.folder));
  };
  const isDecided = (request: LocalRequest, level: "first" | "second") => async () =>
    (await disputeOver(scene, request))[level]?.tally?.isDecided === true;

  it("judge on the second level, where the first one did not decide", async () => {
    const { market } = scene;
    const scenery = await stage(market);
    const { request } = scenery;
    await conflict(market, scenery);
    const first = await drawPanel(scene, request, 1);
    await waitPast(market, first.startS + panelTimeS);
    await market.disputes.connect(market.stranger).escalate(request.words);
    const { jurors, startS } = await drawPanel(scene, request, 2);
    expect(jurors).to.have.length(15);
    expect(jurors.filter((nodeId) => first.jurors.includes(nodeId))).to.deep.equal([]);
    await start(jurors.slice(0, 11)); // just as many as decide
    expect(await letWork(scene, () => [...running], isDecided(request, "second"))).to.equal(true);
    expect((await disputeOver(scene, request)).second?.tally).to.deep.equal({
      digest: fingerprintOf(truth(request)),
      isDecided: true,
      attested: 0b111_1111_1111n,
    });
    await waitPast(market, startS + panelTimeS + 4n);
    await market.disputes.connect(market.stranger).conclude(request.words);
    expect((await market.disputes.verdictOf(request.words)).ending).to.equal(endings.decided);
  });

  it("get an input from the committee when its place has gone dark", async () => {
    const { market } = scene;
    const input = stringToHex("an input that lies elsewhere");
    let served = 0;
    const server = createServer((_, response) => {
      served += 1;
      response.end(Buffer.from(input.slice(2), "hex"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/input`;
    try {
      const params = paramsFor(market, { k: 3n, quorum: 2n });
      const asking = await market.escrow.connect(market.requester).requestByUri(params, keccak256(input), uri);
      const request = await requestOf(market, asking);
      await post(market, request);
      const members = await committeeOf(market.world, request);
      await start(members.map(({ nodeId }) => nodeId));
      const haveAttested = async (): Promise<boolean> => {
        const [one] = running;
        const held = one === undefined ? undefined : await makeHeldStore(one.parts.store).read(request.requestId, 0n);
        return held?.attestations.length === 3;
      };
      expect(await letWork(scene, () => [...running], haveAttested)).to.equal(true);
      expect(served).to.be.greaterThan(0);
      server.closeAllConnections();
      server.close(); // from now on nobody can have it from there

      await conflict(market, { request, members });
      const { jurors } = await drawPanel(scene, request, 1);
      await start(jurors);
      expect(await letWork(scene, () => [...running], isDecided(request, "first"))).to.equal(true);
      expect((await disputeOver(scene, request)).first.tally?.digest).to.equal(fingerprintOf(truth(request)));
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
