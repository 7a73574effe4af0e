import { expect } from "chai";
import { keccak256, stringToHex } from "viem";
import { labelledKey } from "../../../deploy/local/world.ts";
import { makeOwnStore } from "../../../keepers/executor/own-store.ts";
import { makeFallback } from "../../../keepers/fallback/run.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import { makeCommittees } from "../../../keepers/network/committees.ts";
import { makeHeldStore } from "../../../keepers/network/held.ts";
import { signAttestation, signCommit } from "../../../keepers/network/sign.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { makeActions } from "../../../keepers/settler/actions.ts";
import { bitmapOf } from "../../../sdk/committee/bitmap.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { decodeHead } from "../../../sdk/words/head.ts";
import { commit, stall, type Stalled } from "../../helpers/fallback.ts";
import { keyOf } from "../../helpers/forge.ts";
import { askAndPost, sampleOutput } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";

const noSignal = new AbortController().signal;
const result = { status: 0n, usage: 1_000n, output: sampleOutput } as const;

describe("fallback", () => {
  let scene: Scene;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene({
      adjust: (p) => ({ ...p, parameters: { ...p.parameters, fallbackDelay: 10, chainPhase: 200 } }),
    });
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
  });
  afterEach(() => restore());

  /** A keeper of member `i`, with what it computed unless it has no result. */
  const openMember = async (s: Stalled, i: number, hasResult = true) => {
    const label = `node ${scene.market.nodes.findIndex(({ nodeId }) => nodeId === s.nodeOf(i))}`;
    const parts = await scene.open({ key: { privateKey: keccak256(stringToHex(`atoma local ${label}`)) } });
    expect(parts.transactions.address).to.equal(labelledKey(label).address);
    await scene.market.networkHelpers.setBalance(parts.transactions.address, 10n ** 18n);
    const { store, chain, transactions, clock, instance } = parts;
    const [held, own] = [makeHeldStore(store), makeOwnStore(store)];
    const kept = { digest: s.digest, salt: s.saltOf(i), leaf: s.leaf(i), result };
    if (hasResult) await own.keepResult(s.request.requestId, s.nodeOf(i), kept, clock.now());
    const roundTimeS = (round: bigint): bigint => timeOf(instance.drand, round);
    const actions = makeActions({ store, transactions, clock, escrow: instance.escrow });
    const committees = makeCommittees({ view: chain, roundTimeS });
    return { parts, held, pass: makeFallback({ ...parts, committees, held, own, actions }) };
  };
  type Keeper = Awaited<ReturnType<typeof openMember>>;

  const step = async ({ parts, pass }: Keeper): Promise<number> => {
    await parts.chain.sync();
    const { done, failed } = await pass(noSignal);
    expect(failed).to.equal(0);
    await parts.transactions.pass();
    await parts.transactions.pass();
    await parts.chain.sync();
    return done;
  };
  const stepAll = async (keepers: readonly Keeper[], steps = 1): Promise<void> => {
    for (let i = 0; i < steps; i++) for (const keeper of keepers) await step(keeper);
  };
  const passTo = async (timeS: bigint): Promise<void> => {
    const nowS = BigInt(await scene.market.networkHelpers.time.latest());
    if (nowS < timeS) await scene.passTime(timeS - nowS);
  };
  const stateIn = async (parts: Parts, { request }: Stalled) => parts.chain.request(request.requestId);

  /** Once around: commits, reveals, and turns until somebody settles. */
  const goRound = async (s: Stalled, keepers: readonly Keeper[]): Promise<void> => {
    await passTo(s.times.fallbackAtS);
    await stepAll(keepers, 2);
    await passTo(s.times.chainCommitEndS + 1n);
    await stepAll(keepers, 2);
    await passTo(s.times.deadlineS + 1n);
    for (let i = 0; i < 8; i++) {
      await stepAll(keepers);
      await scene.passTime(12);
    }
  };

  it("settles what members computed who could not reach each other, and slashes who did nothing", async () => {
    const { market } = scene;
    const s = await stall(market, await askAndPost(market));
    const keepers = await Promise.all([0, 1, 2, 3].map((i) => openMember(s, i)));
    const [first] = keepers as [Keeper];
    expect(await step(first)).to.equal(0); // its committee may yet agree off chain
    await goRound(s, keepers);
    const ended = await stateIn(first.parts, s);
    expect(ended?.state).to.equal("settled");
    expect(decodeHead(ended?.outcome?.head ?? 0n).attested).to.equal(bitmapOf([0, 1, 2, 3]));

    const parts = await scene.open({ jobs: ["janitor"], janitor: { tasks: "all" } }, 8);
    const janitor = await makeJob("janitor", parts);
    const before = await market.nodeRegistry.allocatedStake(s.nodeOf(4), market.taskId);
    for (let i = 0; i < 2; i++) {
      await parts.chain.sync();
      await janitor.pass(noSignal);
      await parts.transactions.pass();
      await parts.transactions.pass();
    }
    expect(await market.nodeRegistry.allocatedStake(s.nodeOf(4), market.taskId)).to.equal((before * 99n) / 100n);
    expect(await parts.chain.slashed(s.request.requestId)).to.deep.equal(new Set([s.nodeOf(4)]));
  });

  it("commits to nothing where it has no result, and is not slashed for what it could not compute", async () => {
    const { market } = scene;
    const s = await stall(market, await askAndPost(market));
    const keepers = await Promise.all([0, 1, 2, 3, 4].map((i) => openMember(s, i, i !== 4)));
    await goRound(s, keepers);
    expect((await stateIn((keepers[0] as Keeper).parts, s))?.state).to.equal("settled");
    expect((await market.escrow.chainWordOf(s.request.requestId, s.nodeOf(4))).state).to.equal(1n);
    expect((await market.escrow.fallbackOf(s.request.requestId)).idle).to.equal(0n);
  });

  it("shows what was attested off chain, so that a copier on chain is not paid", async () => {
    const { market } = scene;
    const s = await stall(market, await askAndPost(market));
    const honest = [0, 1, 2, 3];
    const keepers = await Promise.all(honest.map((i) => openMember(s, i)));
    const ids = { chainId: BigInt(31_337), escrow: market.instance.escrow };
    const subjectOf = (i: number) => ({ requestId: s.request.requestId, level: 0n, nodeId: s.nodeOf(i) });
    const leaves = honest.map((i) => s.leaf(i));
    for (const [at, { held }] of keepers.entries()) {
      for (const i of honest)
        await held.addCommit(
          await signCommit(keyOf(market, s.nodeOf(i)), ids, { ...subjectOf(i), leaf: s.leaf(i) }),
          1,
        );
      if (at > 1) continue; // two of them attested before the network failed
      const words = { ...subjectOf(at), digest: s.digest, committed: bitmapOf(honest), salt: s.saltOf(at), leaves };
      await held.addAttestation({ ...(await signAttestation(keyOf(market, s.nodeOf(at)), ids, words)), result }, 1);
    }
    await passTo(s.times.fallbackAtS);
    await commit(s, 4); // it has seen the two attestations
    await goRound(s, keepers);
    const ended = await stateIn((keepers[0] as Keeper).parts, s);
    expect(ended?.state).to.equal("settled");
    expect(decodeHead(ended?.outcome?.head ?? 0n).attested).to.equal(bitmapOf(honest));
    expect((await (keepers[0] as Keeper).parts.chain.fallback(s.request.requestId)).shown.length).to.equal(2);
  });
});
