import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hex, zeroAddress } from "viem";
import { makeBackground } from "../../../keepers/executor/background.ts";
import type { Job } from "../../../keepers/job.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import { makeCommittees } from "../../../keepers/network/committees.ts";
import { makeHeldStore } from "../../../keepers/network/held.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";
import { makePurses } from "../../../keepers/signed/purse.ts";
import { makeSpread } from "../../../keepers/signed/spread.ts";
import { makeSignedStore } from "../../../keepers/signed/store.ts";
import { makeSignedView } from "../../../keepers/signed/view.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { decodeNodeWord } from "../../../sdk/words/node-word.ts";
import { forge } from "../../helpers/forge.ts";
import { ask, post } from "../../helpers/market.ts";
import type { Scene } from "../fixture.ts";
import { attestationsFor } from "../members.ts";
import { type Desk, openDesk, openDeskScene, type Signed, signIn } from "./desk.ts";

const noSignal = new AbortController().signal;

describe("the life of a signed request at a node", function () {
  this.timeout(60_000);
  let scene: Scene;
  let parts: Parts;
  let desk: Desk;
  let folder: string;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openDeskScene();
    folder = mkdtempSync(join(tmpdir(), "signed-"));
  });
  after(async () => {
    await scene.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    restore = await scene.snapshot();
    parts = await scene.open({ lambdas: { enabled: true } });
    desk = openDesk(scene, parts);
  });
  afterEach(() => restore());

  const view = (of = parts) => makeSignedView({ chain: of.chain, signed: makeSignedStore(of.store), clock: of.clock });
  const ids = async (of = parts): Promise<readonly Hex[]> =>
    (await view(of).activeSummaries()).map(({ requestId }) => requestId);
  const stateOf = async ({ request }: Signed, of = parts) => (await view(of).request(request.requestId))?.state;
  const taken = async (changes: Parameters<typeof signIn>[1] = {}): Promise<Signed> => {
    const signed = await signIn(scene, changes);
    expect(await desk.say(signed.message)).to.equal("taken");
    return signed;
  };
  const settle = async ({ request, message }: Signed) =>
    scene.market.escrow.settleSigned(await forge(scene.market, request), message.signature, []);

  it("is shown among the chain's own requests until it settles, and open again when that block leaves the chain", async () => {
    const signed = await taken();
    const announced = await ask(scene.market);
    await parts.chain.sync();
    expect(await ids()).to.deep.equal([announced.requestId, signed.request.requestId]);
    await post(scene.market, signed.request);
    await scene.mine();
    await parts.chain.sync();
    const back = await scene.snapshot();
    const { hash } = await settle(signed);
    await scene.mine(2);
    await parts.chain.sync();
    expect((await view().request(signed.request.requestId))?.outcome?.transactionHash).to.equal(hash);
    expect([await stateOf(signed), await ids()]).to.deep.equal(["settled", [announced.requestId]]);
    await back();
    await scene.mine(4); // another chain
    await parts.chain.sync();
    expect([await stateOf(signed), (await ids()).length]).to.deep.equal(["open", 2]);
  });

  it("does not take a settlement of the chain's own request for a signed one", async () => {
    const announced = await ask(scene.market);
    await post(scene.market, announced);
    await scene.market.escrow.settle([await forge(scene.market, announced)], []);
    await scene.mine();
    await parts.chain.sync();
    const rows = await parts.store.read((tx) => tx.all("SELECT * FROM chain_signed LIMIT 5"));
    expect(rows).to.deep.equal([]);
    expect((await parts.chain.request(announced.requestId))?.state).to.equal("settled");
  });

  it("is known after a restart, and over when its time has passed", async () => {
    const path = join(folder, "store.sqlite");
    const first = await scene.open({ store: { path } });
    const signed = await signIn(scene);
    expect(await openDesk(scene, first).say(signed.message)).to.equal("taken");
    await first.close();
    const second = await scene.open({ store: { path } });
    await second.chain.sync();
    expect(await stateOf(signed, second)).to.equal("open");
    await scene.passTime(30 + 600 + 30 + 14 + 12 + 60);
    await second.chain.sync();
    expect([await stateOf(signed, second), await ids(second)]).to.deep.equal(["refunded", []]);
    expect(
      await makeSignedStore(second.store).byNonce(signed.request.fields.requester, 7n, await desk.nowS()),
    ).to.equal(undefined);
  });

  const spreadOf = (told: (readonly bigint[])[]) => {
    const { chain, rpc, txChain, instance, signer, clock } = parts;
    const roundTimeS = (round: bigint) => timeOf(scene.market.world.beacon, round);
    return makeSpread({
      ...{ view: chain, signed: desk.signed, roundTimeS, clock, nowS: desk.nowS, log: silentLog },
      purses: makePurses({ rpc, txChain, instance, address: signer.address }),
      committees: makeCommittees({ view: view(), roundTimeS }),
      bars: desk.bars,
      hasInput: async (digest) => desk.inputs.has(digest),
      client: { sendSignedRequest: async () => ({ value: true }) },
      broadcast: async ({ nodeIds }) => {
        told.push(nodeIds);
        return { taken: nodeIds.length, refused: 0, missed: 0 };
      },
      readInput: async (digest) => desk.inputs.get(digest),
      nodeId: async () => scene.market.nodes[0]?.nodeId,
      background: makeBackground(silentLog),
    });
  };

  it("is told to some of the pool before the round, once, and given to its committee after it", async () => {
    const told: (readonly bigint[])[] = [];
    const spread = spreadOf(told);
    const signed = await taken();
    await spread.pass(noSignal);
    await spread.pass(noSignal);
    expect(told).to.have.length(1);
    expect(new Set(told[0]).size).to.equal(8);
    expect(told[0]).to.not.include(scene.market.nodes[0]?.nodeId);
    await post(scene.market, signed.request);
    await scene.mine();
    await parts.chain.sync();
    await spread.pass(noSignal);
    await spread.pass(noSignal);
    expect(told).to.have.length(2);
    expect(told[1]?.length).to.be.oneOf([4, 5]); // this node may be one of the five
    expect((await desk.signed.load(signed.request.requestId))?.ended).to.equal(undefined);
  });

  it("is dropped when it is drawn and its nonce was paid for in the meantime", async () => {
    const told: (readonly bigint[])[] = [];
    const [spread, signed, other] = [spreadOf(told), await taken(), await signIn(scene, { units: 101n })];
    await post(scene.market, signed.request);
    await settle(other); // from a node that heard of the other one under this nonce
    await scene.mine();
    await parts.chain.sync();
    await spread.pass(noSignal);
    expect(told).to.deep.equal([]);
    expect((await desk.signed.load(signed.request.requestId))?.ended).to.equal("its nonce was paid for");
    expect([await stateOf(signed), await ids()]).to.deep.equal(["refunded", []]);
  });

  it("costs a node its stake that signs two answers to it", async () => {
    const { market } = scene;
    parts = await scene.open({ lambdas: { enabled: true }, watchtower: { reexecute: 0 } });
    desk = openDesk(scene, parts);
    const job: Job = await makeJob("watchtower", parts);
    const { request } = await taken();
    await post(market, request);
    await scene.mine();
    await parts.chain.sync();
    const held = makeHeldStore(parts.store);
    const [first] = await attestationsFor(market, request);
    const [second] = await attestationsFor(market, request, { output: "0x77" });
    if (first === undefined || second === undefined) throw new Error("nobody was drawn");
    for (const one of [first, second]) await held.addAttestation(one, scene.clock.now());
    expect((await job.pass(noSignal)).failed).to.equal(0);
    await parts.transactions.pass();
    await scene.mine();
    await parts.chain.sync();
    expect(decodeNodeWord(await market.escrow.nodeWord(first.nodeId)).signer).to.equal(zeroAddress); // in jail
    await job.close();
  });

  it("settles alone, beside a batch of the chain's", async () => {
    const { market } = scene;
    parts = await scene.open({ lambdas: { enabled: true }, settler: { turnS: 5 } });
    desk = openDesk(scene, parts);
    const job: Job = await makeJob("settler", parts);
    const sentOf = () => market.world.chain.getTransactionCount({ address: parts.signer.address });
    const sentBefore = await sentOf();
    const signed = await taken();
    const announced = [await ask(market), await ask(market, { slot: 1n })];
    await scene.passTime(60);
    for (const { request } of [signed, ...announced.map((request) => ({ request }))]) {
      await post(market, request);
      const held = makeHeldStore(parts.store);
      for (const one of await attestationsFor(market, request)) await held.addAttestation(one, scene.clock.now());
    }
    const all = [signed.request.requestId, ...announced.map(({ requestId }) => requestId)];
    const settledOf = async () => {
      const found = await Promise.all(all.map((requestId) => view().request(requestId)));
      return found.filter((one) => one?.state === "settled");
    };
    await scene.passTime(26); // the sixth turn of all three, open to everybody
    for (let i = 0; i < 6 && (await settledOf()).length < 3; i++) {
      await scene.passTime(1);
      await parts.chain.sync();
      expect((await job.pass(noSignal)).failed).to.equal(0);
      await parts.transactions.pass();
      await parts.transactions.pass();
      await parts.chain.sync();
    }
    expect(await settledOf()).to.have.length(3);
    expect((await sentOf()) - sentBefore).to.equal(2);
    const callOf = async (requestId: Hex) => {
      const hash = (await view().request(requestId))?.outcome?.transactionHash ?? "0x";
      const { input: data } = await market.world.chain.getTransaction({ hash });
      return market.escrow.interface.parseTransaction({ data });
    };
    const [alone, batch] = [await callOf(signed.request.requestId), await callOf(announced[0]?.requestId ?? "0x")];
    expect([alone?.name, batch?.name, batch?.args[0].length]).to.deep.equal(["settleSigned", "settle", 2]);
    await job.close();
  });
});
