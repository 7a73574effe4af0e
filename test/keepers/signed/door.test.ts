import { expect } from "chai";
import { concat, type Hex, keccak256, slice, toHex } from "viem";
import { registerTask, plainTask } from "../../../deploy/local/nodes.ts";
import { localChainId, walletOf } from "../../../deploy/local/world.ts";
import { getAddress } from "viem";
import type { Parts } from "../../../keepers/parts.ts";
import { compactSignature } from "../../../sdk/agreement/compact-signature.ts";
import { signedRequestData } from "../../../sdk/agreement/signed-request.ts";
import { lockUp } from "../../../sdk/money/lock.ts";
import { flagAcceptNoPanel, flagBundle, flagInputByUri, flagSigned } from "../../../sdk/words/flags.ts";
import type { RequestFields, RequestWords } from "../../../sdk/words/request.ts";
import { forge } from "../../helpers/forge.ts";
import { post } from "../../helpers/market.ts";
import type { Scene } from "../fixture.ts";
import { type Desk, digestOfInput, input, later, openDesk, openDeskScene, purseFunds, signIn } from "./desk.ts";

describe("the door for signed requests", function () {
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
    parts = await scene.open();
    desk = openDesk(scene, parts);
  });
  afterEach(() => restore());

  const sign = (changes: Partial<RequestFields> = {}) => signIn(scene, changes);
  const refuses = async (changes: Partial<RequestFields>, error: string): Promise<void> =>
    void expect(
      await desk.say((await sign(changes)).message),
      JSON.stringify(changes, (_, v: unknown) => String(v)),
    ).to.equal(error);

  it("takes a right one once, with its input, and tells of it", async () => {
    const { request, message } = await sign();
    expect(await desk.say(message)).to.equal("taken");
    expect(await desk.say(message)).to.equal("known");
    const [known] = await desk.signed.open(await desk.nowS());
    expect(known).to.deep.include({ requestId: request.requestId, signature: message.signature, hasInput: true });
    expect(known?.lock).to.equal(lockUp(request.fields));
    expect(known?.words).to.deep.equal(request.words);
    expect(desk.inputs.get(digestOfInput)).to.deep.equal(Uint8Array.of(0x12, 0x34));
    expect(desk.heard).to.deep.equal([request.requestId]);
  });

  it("takes an announcement, and the input from anybody afterwards, which is passed on only if it came before the round", async () => {
    const [early, late] = [await sign(), await sign({ sequence: 8n })];
    for (const { message } of [early, late]) {
      const { input: _, ...announcement } = message;
      expect(await desk.say(announcement)).to.equal("taken");
    }
    expect(desk.inputs.size).to.equal(0);
    expect(await desk.say({ ...early.message, input: "0x99" })).to.equal("InputMismatch");
    expect(await desk.say(early.message)).to.equal("known");
    await scene.passTime(60);
    desk.inputs.clear();
    expect(await desk.say(late.message)).to.equal("known");
    expect(desk.inputs.has(digestOfInput)).to.equal(true);
    expect((await desk.signed.load(early.request.requestId))?.hasInput).to.equal(true);
    expect((await desk.signed.load(late.request.requestId))?.hasInput).to.equal(false);
  });

  it("refuses words that nodes do not take", async () => {
    const cases: Partial<RequestFields>[] = [
      ...[0n, flagAcceptNoPanel, flagSigned | flagInputByUri, flagSigned | 16n].map((flags) => ({ flags })),
      { flags: flagSigned | flagBundle, items: 3n },
      ...[{ items: 0n }, { items: 2n }, { slot: 1n }, { callbackGas: 1n }, { challengeWindowS: 1n }],
    ];
    for (const changes of cases) await refuses(changes, "InvalidSignedRequest");
    const { message } = await sign();
    const { request } = message;
    for (const words of [
      { ...request, rules: request.rules | (1n << 160n) },
      { ...request, terms: request.terms | (1n << 248n) },
    ] satisfies RequestWords[])
      expect(await desk.say({ ...message, request: words })).to.equal("InvalidSignedRequest");
    await desk.isEmpty();
  });

  it("refuses an input that is too long or another", async () => {
    const long = toHex(new Uint8Array(1_025));
    const { message } = await sign({ inputDigest: keccak256(long) });
    expect(await desk.say({ ...message, input: long })).to.equal("InputTooLong");
    expect(await desk.say({ ...message, input })).to.equal("InputMismatch");
    expect(await desk.say({ ...message, input: "0x" })).to.equal("InputMismatch");
    await desk.isEmpty();
  });

  it("refuses what its requester did not sign, for this escrow and chain", async () => {
    const { request, message } = await sign();
    const wallet = walletOf(scene.market.connection, getAddress(scene.market.requester.address));
    const { escrow, beacon } = scene.market.instance;
    const over = async (chainId: bigint, of: Hex): Promise<Hex> =>
      compactSignature(await wallet.signTypedData(signedRequestData(chainId, of, request.words)));
    const { r, s } = { r: slice(message.signature, 0, 32), s: slice(message.signature, 32) };
    const signatures = [
      await over(localChainId, beacon),
      concat([s, r]),
      `0x${"00".repeat(64)}`,
      `0x${"ff".repeat(64)}`,
    ];
    for (const signature of signatures as Hex[])
      expect(await desk.say({ ...message, signature })).to.equal("WrongRequester");
    const dearer = { ...request.words, work: request.words.work + (1n << 8n) };
    expect(await desk.say({ ...message, request: dearer })).to.equal("WrongRequester");
    await desk.isEmpty();
    expect(await desk.say({ ...message, signature: await over(localChainId, escrow) })).to.equal("taken");
  });

  it("refuses a round that is public already, whoever posted it, and one that is far off", async () => {
    const passed = await sign();
    await refuses(await later(scene, 3_000n), "RoundFarOff");
    await refuses(await later(scene, -100n), "RoundPassed");
    await scene.passTime(30);
    expect(await desk.say(passed.message)).to.equal("RoundPassed");
    const posted = await sign({ sequence: 8n });
    // a chain whose clock lags: the round is on chain before its time
    await scene.market.beacon.submit(
      posted.request.fields.round,
      scene.market.world.beacon.sign(posted.request.fields.round),
    );
    await scene.mine();
    expect(await desk.say(posted.message)).to.equal("RoundPassed");
    await desk.isEmpty();
  });

  it("refuses tasks that it does not know or cannot compute", async () => {
    await refuses({ taskId: 99n }, "TaskUnknown");
    const taskId = await registerTask(scene.market.world, plainTask);
    await refuses({ taskId }, "TaskNotServed");
    await desk.isEmpty();
  });

  it("refuses a nonce that was paid for", async () => {
    const { market } = scene;
    const first = await sign();
    await post(market, first.request);
    await market.escrow.settleSigned(await forge(market, first.request), first.message.signature, []);
    const { message } = await sign();
    expect(await desk.say(message)).to.equal("NonceUsed");
    await desk.isEmpty();
  });

  it("refuses what the purse does not pay for besides what else is open, or not for long enough", async () => {
    const { escrow, requester, networkHelpers } = scene.market;
    await refuses({ sequence: 128n }, "PurseTooSmall");
    const nowS = BigInt(await networkHelpers.time.latest());
    await escrow.connect(requester).timeLock(1n, purseFunds, nowS + 300n);
    await refuses({ sequence: 128n }, "PurseUnlocksEarly");
    const lock = lockUp((await sign()).request.fields);
    await escrow.connect(requester).timeLock(2n, 2n * lock - 1n, nowS + 86_400n);
    const [one, two] = [await sign({ sequence: 256n }), await sign({ sequence: 257n })];
    expect([await desk.say(one.message), await desk.say(two.message)]).to.deep.equal(["taken", "PurseTooSmall"]);
    await escrow.connect(requester).timeLock(2n, 1n, nowS + 86_400n);
    expect(await desk.say(two.message)).to.equal("taken");
  });

  it("refuses what the escrow would never settle, in the escrow's words", async () => {
    const { message: stale } = await sign({ round: (await sign()).request.fields.round + 1n });
    const cases: [Partial<RequestFields>, string][] = [
      [{ quorum: 2n }, "InvalidQuorum"],
      [{ quorum: 0n }, "InvalidQuorum"],
      [{ k: 6n, quorum: 5n }, "PoolTooSmallForPanel"],
      [{ maxAsk: 1_000_000n, sequence: 9n }, "StakeTooLow"],
      [{ protocolFeeBps: 0n }, "NotInForce"],
      [{ royaltyBps: 0n }, "NotInForce"],
      [{ version: 9n }, "NotInForce"],
      [{ snapshotId: 9n }, ""],
    ];
    const messages: [typeof stale, string][] = [[stale, "InvalidSignedRequest"]];
    for (const [changes, error] of cases) messages.push([(await sign(changes)).message, error]);
    for (const [message, error] of messages) {
      const verdict = await desk.accept(message);
      expect("refused" in verdict ? verdict.refused : undefined, JSON.stringify(verdict)).to.include({
        error: "NotSettleable",
      });
      expect(JSON.stringify(verdict)).to.include(error);
    }
    await desk.isEmpty();
  });

  it("refuses what nobody would settle or compute for what it offers", async () => {
    await refuses({ tip: 999n }, "TipTooLow");
    await refuses({ maxAsk: 4n }, "PoolTooDear"); // all ask 5
    await desk.isEmpty();
  });

  it("takes so many of one requester, and so many in all", async () => {
    for (const limits of [{ maxOpenPerRequester: 2 }, { maxOpen: 2 }]) {
      const [small, back] = [openDesk(scene, await scene.open(), limits), await scene.snapshot()];
      const said: string[] = [];
      for (const sequence of [1n, 2n, 3n]) said.push(await small.say((await sign({ sequence })).message));
      expect(said).to.deep.equal(["taken", "taken", "TooManyOpen"]);
      await scene.passTime(3_000); // what could not settle makes room
      const { message } = await sign({ sequence: 3n });
      expect(await small.say(message)).to.equal("taken");
      await back();
    }
  });

  it("checks so many fresh ones of one address, and so many of one requester", async () => {
    const { message } = await sign();
    const forged = { ...message, signature: `0x${"11".repeat(64)}` } as const;
    const said: string[] = [];
    for (let i = 0; i <= 100; i++) said.push(await desk.say(forged, "10.0.0.9"));
    expect(said.filter((one) => one === "WrongRequester")).to.have.length(100);
    expect(said.at(-1)).to.equal("TooManyRequests");
    for (let sequence = 0n; sequence < 20n; sequence++)
      expect(await desk.say((await sign({ sequence })).message)).to.equal("taken");
    expect(await desk.say((await sign({ sequence: 20n })).message)).to.equal("TooManyRequests");
  });

  it("voids both of two with one nonce before their round, and bars their signer for a while", async () => {
    const [one, two] = [await sign(), await sign({ units: 101n })];
    expect(await desk.say(one.message)).to.equal("taken");
    expect(await desk.say(two.message)).to.equal("NonceTaken");
    expect(await desk.signed.open(await desk.nowS())).to.deep.equal([]);
    expect(await desk.say(one.message)).to.equal("RequestOver");
    await refuses({ sequence: 8n }, "RequesterBarred");
    await scene.passTime(601);
    await parts.chain.sync();
    expect(await desk.say((await sign({ sequence: 8n })).message)).to.equal("taken");
  });

  it("goes on with the first of two with one nonce where work on it may have begun", async () => {
    const { request, message } = await sign();
    expect(await desk.say(message)).to.equal("taken");
    await scene.passTime(60);
    expect(await desk.say((await sign({ units: 101n })).message)).to.equal("NonceTaken");
    const [open] = await desk.signed.open(await desk.nowS());
    expect(open?.requestId).to.equal(request.requestId);
    await refuses({ sequence: 8n }, "RequesterBarred");
  });

  it("keeps nothing, and says so by rejecting, while the RPC does not answer", async () => {
    const { message } = await sign();
    await parts.chain.sync();
    await scene.bridge.close();
    const failed = await desk.door.accept(message, "10.0.0.1").then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed).to.be.instanceOf(Error);
    await desk.isEmpty();
  });
});
