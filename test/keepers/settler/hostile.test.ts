/** What strangers can do to settlers: calldata that explodes when it is decoded, and callbacks that lie about their gas. */
import { expect } from "chai";
import { concat, encodeFunctionData, type Hex, numberToHex, size, slice } from "viem";
import { type LocalRequest, settlementOf } from "../../../deploy/local/committee.ts";
import { requestEscrowAbi } from "../../../sdk/abi/request-escrow.ts";
import { makeHeldStore } from "../../../keepers/network/held.ts";
import type { Job } from "../../../keepers/job.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { consumerAsks, hireConsumer, moods } from "../../helpers/consumer.ts";
import { ask, askAndPost, post, sampleOutput } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";
import { attestationsFor } from "../members.ts";
import type { Provider } from "../bridge.ts";

const noSignal = new AbortController().signal;
const aliases = 300;
const junkProofBytes = 105_000;
const word = (value: number): Hex => numberToHex(value, { size: 32 });
const zeros = (bytes: number): Hex => `0x${"00".repeat(bytes)}`;

/** `settle` of the one item of this call and of many offsets to one large item of nothing. */
function withAliasedJunk(settleOfOne: Hex): Hex {
  const one = slice(settleOfOne, 4 + 4 * 32, size(settleOfOne) - 32); // behind selector, offsets and length; before rounds
  const offsetsSize = (aliases + 1) * 32;
  const offsets = [word(offsetsSize), ...Array.from({ length: aliases }, () => word(offsetsSize + size(one)))];
  const offsetsInJunk = [word(8 * 32), word(9 * 32 + junkProofBytes)];
  const junk = concat([zeros(6 * 32), ...offsetsInJunk, word(junkProofBytes), zeros(junkProofBytes), word(0)]);
  const list = concat([word(aliases + 1), ...offsets, one, junk]);
  return concat([slice(settleOfOne, 0, 4), word(64), word(64 + size(list)), list, word(0)]);
}

describe("A settler among strangers", () => {
  let scene: Scene;
  let parts: Parts;
  let job: Job;
  let provider: Provider;
  let request: Provider["request"];
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene({ task: { window: 600 } });
    provider = scene.market.connection.provider;
    request = provider.request.bind(provider);
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
    parts = await scene.open({ settler: { turnS: 30 } });
    job = await makeJob("settler", parts);
  });
  afterEach(async () => {
    provider.request = request;
    await job.close();
    await restore();
  });

  const hold = async (one: LocalRequest): Promise<void> => {
    const held = makeHeldStore(parts.store);
    for (const attestation of await attestationsFor(scene.market, one))
      await held.addAttestation(attestation, scene.clock.now());
  };
  const stateOf = async ({ requestId }: LocalRequest) => (await parts.chain.request(requestId))?.state;
  const passUntilSettled = async (one: LocalRequest): Promise<void> => {
    for (let i = 0; i < 100 && (await stateOf(one)) !== "settled"; i++) {
      await scene.passTime(5);
      await parts.chain.sync();
      expect((await job.pass(noSignal)).failed).to.equal(0);
      await parts.transactions.pass();
      await parts.transactions.pass();
      await parts.chain.sync();
    }
  };
  /** Runs `flip` after the settler has simulated and before its transaction is sent. */
  const beforeSending = (flip: () => Promise<unknown>): void => {
    provider.request = async (call) => {
      if (call.method === "eth_sendRawTransaction") {
        provider.request = request;
        await flip();
      }
      return request(call);
    };
  };
  const transactionsOfSettler = async (): Promise<bigint> =>
    BigInt(await scene.market.ethers.provider.getTransactionCount(parts.signer.address));

  it("finalises a result that was recorded beside hundreds of offsets to one large item", async () => {
    const { market } = scene;
    const one = await askAndPost(market, { challengeWindow: 5n });
    const settlement = await settlementOf(market.world, market.nodes, one, { output: sampleOutput });
    const honest = encodeFunctionData({ abi: requestEscrowAbi, functionName: "settle", args: [[settlement], []] });
    const data = withAliasedJunk(honest);
    await market.settler.sendTransaction({ to: market.instance.escrow, data, gasLimit: 16_700_000n });
    await parts.chain.sync();
    expect(await stateOf(one)).to.equal("recorded");
    const before = process.memoryUsage().rss;
    await passUntilSettled(one);
    expect(await stateOf(one)).to.equal("settled");
    expect((process.memoryUsage().rss - before) / 1e6).to.be.below(200);
  });

  it("settles a batch with consumers that were cheap when it was simulated and burn all their gas on chain", async () => {
    const { market } = scene;
    const consumer = await hireConsumer(market);
    const params = { callbackGas: 2_000_000n };
    const bad: LocalRequest[] = [];
    for (const slot of [0n, 1n, 2n]) bad.push(await consumerAsks(market, consumer, { ...params, slot }));
    const good = await ask(market);
    await post(market, good);
    for (const one of [...bad, good]) await hold(one);
    await scene.passTime(5 * 30 + 3); // the turn that is open to all
    beforeSending(() => consumer.setMood(moods.burning));
    await passUntilSettled(good);
    const settled = await Promise.all([...bad, good].map(({ requestId }) => parts.chain.request(requestId)));
    expect(settled.map((one) => one?.outcome?.callbackFailed)).to.deep.equal([true, true, true, false]);
    expect(new Set(settled.map((one) => one?.outcome?.transactionHash)).size).to.equal(1);
    expect(await transactionsOfSettler()).to.equal(1n);
  });

  for (const [lane, changes] of [
    ["settles", {}],
    ["finalises", { challengeWindow: 5n }],
  ] as const)
    it(`${lane} where a callback runs out of gas, although the node's own estimate fails then`, async () => {
      const { market } = scene;
      const consumer = await hireConsumer(market);
      const one = await consumerAsks(market, consumer, changes);
      await consumer.setMood(moods.burning);
      await hold(one);
      await passUntilSettled(one);
      const { outcome } = (await parts.chain.request(one.requestId)) ?? {};
      expect(outcome?.callbackFailed).to.equal(true);
      const sent = await market.ethers.provider.getTransaction(outcome?.transactionHash ?? "");
      expect(sent?.gasLimit).to.be.within(700_000n, 2_500_000n);
    });
});
