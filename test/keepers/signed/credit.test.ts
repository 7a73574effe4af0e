/** What strangers can make a node spend, and how much room they can take, before anything is paid. */
import { expect } from "chai";
import { makeBackground } from "../../../keepers/executor/background.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import { makeCommittees } from "../../../keepers/network/committees.ts";
import type { SignedRequestMessage } from "../../../keepers/network/messages.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";
import { committeeWaitS, maxRoundsOnCredit } from "../../../keepers/signed/over.ts";
import { makePurses } from "../../../keepers/signed/purse.ts";
import { makeSpread } from "../../../keepers/signed/spread.ts";
import { makeSignedView } from "../../../keepers/signed/view.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import type { RequestFields } from "../../../sdk/words/request.ts";
import { forge } from "../../helpers/forge.ts";
import { post } from "../../helpers/market.ts";
import type { Scene } from "../fixture.ts";
import { type Desk, later, openDesk, openDeskScene, type Signed, signIn } from "./desk.ts";

const noSignal = new AbortController().signal;

describe("what signed requests may cost before they are paid for", function () {
  this.timeout(60_000);
  let scene: Scene;
  let parts: Parts;
  let desk: Desk;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openDeskScene();
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
    parts = await scene.open({
      ...{ jobs: ["executor", "settler", "beacon"], lambdas: { enabled: true } },
      beacon: { source: "local", secretKey: "0x5eed" },
    });
    desk = openDesk(scene, parts);
  });
  afterEach(() => restore());

  const announcementOf = ({ message: { request, signature } }: Signed): SignedRequestMessage => ({
    request,
    signature,
  });
  /** One whose round is the `at`th that may be named now. */
  const signAt = async (at: bigint, changes: Partial<RequestFields> = {}): Promise<Signed> =>
    signIn(scene, { sequence: at, k: 1n, quorum: 1n, ...(await later(scene, 3n * at)), ...changes });
  const roundTimeS = (round: bigint): bigint => timeOf(scene.market.world.beacon, round);

  it("posts rounds of requests whose input is here, and of no others", async () => {
    const { chain, transactions } = parts;
    const [given, ...announced] = [await signAt(0n), await signAt(1n), await signAt(2n)];
    expect(await desk.say(given.message)).to.equal("taken");
    for (const one of announced) expect(await desk.say(announcementOf(one))).to.equal("taken");
    const late = await signAt(3n);
    expect(await desk.say(announcementOf(late))).to.equal("taken");
    expect(await desk.say(late.message)).to.equal("known"); // and its input with it
    await scene.passTime(60);
    await chain.sync();
    const job = await makeJob("beacon", parts);
    expect(await job.pass(noSignal)).to.deep.equal({ done: 2, failed: 0 });
    await transactions.pass();
    await transactions.pass();
    await chain.sync();
    for (const { request } of [given, late]) expect(await chain.round(request.fields.round)).to.not.equal(undefined);
    for (const { request } of announced) expect(await chain.round(request.fields.round)).to.equal(undefined);
    await job.close();
  });

  it("takes no more of a requester with so many unpaid rounds, for an hour", async () => {
    const first = await signAt(0n);
    expect(await desk.say(first.message)).to.equal("taken");
    for (let at = 1n; at < BigInt(maxRoundsOnCredit); at++)
      expect(await desk.say((await signAt(at)).message)).to.equal("taken");
    const ninth = await signAt(BigInt(maxRoundsOnCredit));
    expect(await desk.say(ninth.message)).to.equal("TooManyOpen");
    expect(await desk.say(announcementOf(ninth))).to.equal("taken"); // costs no round here
    expect(await desk.say(ninth.message)).to.equal("TooManyOpen");
    expect((await desk.signed.load(ninth.request.requestId))?.hasInput).to.equal(false);
    const { round, submittedAtS } = first.request.fields;
    expect(await desk.say((await signIn(scene, { sequence: 50n, round, submittedAtS })).message)).to.equal("taken");
    const known = await desk.signed.load(ninth.request.requestId);
    if (known === undefined) throw new Error("it is not known");
    const notedAfter = (ms: number) => desk.signed.noteInput(known, scene.clock.now() + ms);
    expect([await notedAfter(3_000_000), await notedAfter(3_700_000)]).to.deep.equal([false, true]);
  });

  it("counts paid rounds no more", async () => {
    const first = await signAt(0n);
    const all = [first];
    for (let at = 1n; at < BigInt(maxRoundsOnCredit); at++) all.push(await signAt(at));
    for (const { message } of all) expect(await desk.say(message)).to.equal("taken");
    await post(scene.market, first.request);
    await scene.market.escrow.settleSigned(await forge(scene.market, first.request), first.message.signature, []);
    await scene.mine();
    await parts.chain.sync();
    const [next, another] = [await signAt(10n, { sequence: 60n }), await signAt(11n, { sequence: 61n })];
    expect(await desk.say(next.message)).to.equal("taken");
    expect(await desk.say(another.message)).to.equal("TooManyOpen");
  });

  it("keeps room for requests with their input beside announcements without", async () => {
    const small = openDesk(scene, parts, { maxOpen: 8 });
    const said: string[] = [];
    for (let at = 0n; at < 4n; at++) said.push(await small.say(announcementOf(await signAt(at))));
    expect(said).to.deep.equal(["taken", "taken", "TooManyOpen", "TooManyOpen"]);
    said.length = 0;
    for (let sequence = 10n; sequence < 17n; sequence++)
      said.push(await small.say((await signIn(scene, { sequence })).message));
    expect(said).to.deep.equal([...Array.from({ length: 6 }, () => "taken"), "TooManyOpen"]);
  });

  /** The pass of a node, by its place in the market. */
  const pass = async (nodeId: bigint | undefined): Promise<void> => {
    const { chain, rpc, txChain, instance, signer, clock } = parts;
    await chain.sync();
    const background = makeBackground(silentLog);
    const view = makeSignedView({ chain, signed: desk.signed, clock });
    const spread = makeSpread({
      ...{ view: chain, signed: desk.signed, roundTimeS, clock, nowS: desk.nowS, log: silentLog, bars: desk.bars },
      purses: makePurses({ rpc, txChain, instance, address: signer.address }),
      committees: makeCommittees({ view, roundTimeS }),
      client: { sendSignedRequest: async () => ({ value: true }) },
      broadcast: async ({ nodeIds }) => ({ taken: nodeIds.length, refused: 0, missed: 0 }),
      hasInput: async (digest) => desk.inputs.has(digest),
      readInput: async (digest) => desk.inputs.get(digest),
      nodeId: async () => nodeId,
      background,
    });
    expect((await spread.pass(noSignal)).failed).to.equal(0);
    await background.stop();
  };
  const endedOf = async ({ request }: Signed): Promise<string | undefined> =>
    (await desk.signed.load(request.requestId))?.ended;

  it("ends an announcement whose round nobody posts, and bars its requester, for a while", async () => {
    const [announced, given] = [await signAt(0n), await signAt(1n)];
    expect(await desk.say(announcementOf(announced))).to.equal("taken");
    expect(await desk.say(given.message)).to.equal("taken");
    await scene.passTime(33 + Number(committeeWaitS) - 30);
    await pass(1n);
    expect([await endedOf(announced), await endedOf(given)]).to.deep.equal([undefined, undefined]);
    await scene.passTime(60);
    await pass(1n);
    expect([await endedOf(announced), await endedOf(given)]).to.deep.equal([
      "its input was given to nobody who posts its round",
      undefined,
    ]);
    expect(await desk.say((await signAt(2n)).message)).to.equal("RequesterBarred");
    await scene.passTime(601);
    await parts.chain.sync();
    expect(await desk.say((await signAt(2n)).message)).to.equal("taken");
  });

  it("ends at a member, at the end of commits, what it was given no input of, and blames nobody elsewhere", async () => {
    const { market } = scene;
    const announced = await signIn(scene);
    expect(await desk.say(announcementOf(announced))).to.equal("taken");
    await post(market, announced.request);
    await scene.mine();
    await parts.chain.sync();
    const view = makeSignedView({ chain: parts.chain, signed: desk.signed, clock: parts.clock });
    const found = await makeCommittees({ view, roundTimeS }).byId(announced.request.requestId);
    if ("missing" in found) throw new Error(found.missing);
    const members = found.committee.members.map(({ nodeId }) => nodeId);
    const outside = market.nodes.find(({ nodeId }) => !members.includes(nodeId))?.nodeId;
    await pass(members[0]);
    await scene.passTime(32);
    await pass(outside);
    expect(await endedOf(announced)).to.equal(undefined);
    desk.inputs.set(announced.request.fields.inputDigest, Uint8Array.of(0x12, 0x34));
    await pass(members[0]);
    expect(await endedOf(announced)).to.equal(undefined);
    desk.inputs.clear();
    await pass(members[0]);
    expect(await endedOf(announced)).to.equal("this node was drawn and nobody gave it the input");
    expect(desk.bars.has(announced.request.fields.requester)).to.equal(true);
  });
});
