import { expect } from "chai";
import { keccak256, zeroHash } from "viem";
import { committeeOf } from "../../../deploy/local/committee.ts";
import { bitmapOf } from "../../../sdk/committee/bitmap.ts";
import { commit, reveal, revealedBy, stall, type Stalled } from "../../helpers/fallback.ts";
import { askAndPost, paramsFor, post, requestOf, useMarket } from "../../helpers/market.ts";
import { handOver, openPurse } from "../../helpers/purse.ts";
import { settledParts } from "../../helpers/shares.ts";
import { atoma, stakePerNode } from "../../helpers/trial.ts";

/** A proven no-show: 1% of the stake, of which each of the k members that counted gets a k-th. */
const noShow = stakePerNode / 100n;
const share = noShow / 5n;
const all = { k: 5n, acceptNoPanel: true } as const;

/** A pool of five, so that a committee of five is always the same: the attacker owns four of them, or only asks. */
describe("The best case of whoever asks for work that others cannot do", () => {
  const market = useMarket({
    nodes: 5,
    adjust: (p) => ({ ...p, parameters: { ...p.parameters, fallbackDelay: 10, chainPhase: 100, expireDelay: 100 } }),
  });
  const victim = () => market().nodes[4]?.nodeId ?? 0n;
  const seatsOf = ({ members }: Stalled) => members.flatMap(({ nodeId }, i) => (nodeId === victim() ? [] : [i]));
  const victimIn = ({ members }: Stalled) => members.findIndex(({ nodeId }) => nodeId === victim());
  const inAtoma = async (amount: bigint) => (amount * atoma) / (await market().taskRegistry.stakePrice());

  /** The attacker asks, settles and owns four of the five; the fifth never gets the input. */
  async function attack() {
    const m = market();
    const own = m.nodes.slice(0, 4).map(({ nodeId }) => nodeId);
    await handOver(m, m.account(6), own);
    return openPurse(m, { accounts: [m.requester, m.settler, m.account(6)], nodes: own });
  }

  /** The four settle requests on chain, without the victim. Returns what each cost its asker for good, in ATOMA. */
  async function settleWithout(requests: readonly Stalled[]): Promise<bigint> {
    const m = market();
    for (const s of requests) for (const i of seatsOf(s)) await commit(s, i);
    await m.networkHelpers.time.increaseTo((requests.at(-1)?.times.chainCommitEndS ?? 0n) + 1n);
    for (const s of requests) for (const i of seatsOf(s)) await reveal(s, i);
    await m.networkHelpers.time.increaseTo((requests.at(-1)?.times.deadlineS ?? 0n) + 1n);
    let cost = 0n;
    for (const s of requests) {
      await m.escrow.connect(m.settler).settleRevealed(revealedBy(s, seatsOf(s)));
      const parts = settledParts(s.request, s.members, bitmapOf(seatsOf(s)));
      cost += parts.treasury + parts.publisher;
    }
    return inAtoma(cost);
  }

  async function askFor(count: number): Promise<Stalled[]> {
    const requests = [];
    for (let slot = 0n; slot < BigInt(count); slot++)
      requests.push(await stall(market(), await askAndPost(market(), { ...all, slot })));
    await market().networkHelpers.time.increaseTo(requests.at(-1)?.times.fallbackAtS ?? 0n);
    return requests;
  }

  it("with an input that nobody can get is nothing at all: the lock waits and comes back", async () => {
    const m = market();
    const purse = await openPurse(m, { accounts: [m.requester] });
    const sent = m.escrow.connect(m.requester).requestByUri(paramsFor(m, all), keccak256("0x1234"), "ipfs://gone");
    const request = await requestOf(m, await sent);
    await post(m, request);
    await m.networkHelpers.time.increase(1_000n);
    await m.escrow.expire(request.words);
    expect(await purse.profit()).to.equal(0n); // the price that the docs name: gas, and a lock for its life
    for (const { nodeId } of await committeeOf(m.world, request)) {
      expect(await m.nodeRegistry.allocatedStake(nodeId, m.taskId)).to.equal(stakePerNode);
    }
  });

  it("with an input for its own quorum alone is to lose fees and the victim's pay, if that commits to anything", async () => {
    const m = market();
    const purse = await attack();
    const [s] = await askFor(1);
    if (s === undefined) throw new Error("Nothing was asked.");
    await commit(s, victimIn(s), zeroHash); // as the keeper does where it has no input
    const cost = await settleWithout([s]);
    await expect(m.escrow.slashNoShow(s.request.words, victimIn(s))).to.be.revertedWithCustomError(
      m.escrow,
      "NoNoShow",
    );
    expect(await purse.profit()).to.equal(-cost);
  });

  for (const count of [1, 3])
    it(`with ${count} at once is 4/5 of one no-show less the price of ${count}, if the victim does nothing on chain`, async () => {
      const m = market();
      const purse = await attack();
      const requests = await askFor(count);
      const cost = await settleWithout(requests);
      for (const [i, s] of requests.entries()) {
        const slashing = m.escrow.slashNoShow(s.request.words, victimIn(s));
        if (i === 0) await expect(slashing).to.emit(m.escrow, "NoShowSlashed");
        else await expect(slashing).to.be.revertedWithCustomError(m.escrow, "SlashedToday");
      }
      expect(await purse.profit()).to.equal(4n * share - cost);
      expect(await m.nodeRegistry.allocatedStake(victim(), m.taskId)).to.equal(stakePerNode - noShow);
    });

  it("without a quorum of its own is to lose the price of every request: what is slashed goes to those who served", async () => {
    const m = market();
    const purse = await openPurse(m, { accounts: [m.requester] });
    const requests = await askFor(3);
    await settleWithout(requests);
    let paid = 0n;
    for (const { request, members } of requests) {
      const { settler, nodes, treasury, publisher } = settledParts(request, members, 0b01111n);
      paid += settler + treasury + publisher + [...nodes.values()].reduce((a, b) => a + b);
    }
    await m.escrow.slashNoShow(requests[0]?.request.words ?? expect.fail(), victimIn(requests[0] ?? expect.fail()));
    expect(await purse.profit()).to.equal(-(await inAtoma(paid)));
  });
});
