import { expect } from "chai";
import { lockUp } from "../../../sdk/money/lock.ts";
import { panelSeats } from "../../../sdk/committee/panel.ts";
import { conflict, lie, punishWindowS, type Scene, stage, truth, waitPast } from "../../helpers/disputes.ts";
import { forge } from "../../helpers/forge.ts";
import { settle, useMarket } from "../../helpers/market.ts";
import { handOver, openPurse } from "../../helpers/purse.ts";
import { settledParts } from "../../helpers/shares.ts";
import {
  atoma,
  conclude,
  dear,
  evidence,
  fiveJurors,
  judge,
  nodeAt,
  payInAtoma,
  sevenJurors,
  sixJurors,
  stakePerNode,
} from "../../helpers/trial.ts";

const liar = 1;

/**
 * One attacker owns the liar and ever more of the other roles, and disputes itself. With J = jurors * pay, of a slash S come
 * back: J to own jurors, and of S - J a tenth to the own requester, 15% each to the own challenger and the own honest member.
 * Never more than S / 2, at any panel, price and number of liars.
 */
describe("The best case of disputing oneself", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });

  type Choice = { readonly attesting: readonly number[]; readonly settles: boolean };

  /** Plays one way through, with each role in a hand of its own. Returns what each hand gained, in ATOMA. */
  async function play(dispute: (scene: Scene) => Promise<unknown>) {
    const m = market();
    const scene = await stage(m, dear, []);
    const liars = [nodeAt(scene, liar)];
    const members = [nodeAt(scene, 0), nodeAt(scene, 2)];
    const jurors = m.nodes.map(({ nodeId }) => nodeId).filter((id) => ![...liars, ...members].includes(id));
    await handOver(m, m.account(6), liars);
    await handOver(m, m.account(7), members);
    const hands = [
      { accounts: [m.account(6)], nodes: liars },
      { accounts: [m.stranger] }, // the challenger
      { accounts: [m.requester, m.settler], publishes: true },
      { accounts: [m.account(7)], nodes: members },
      { accounts: [m.owner], nodes: jurors },
    ];
    const purses = [];
    for (const hand of hands) purses.push(await openPurse(m, hand));
    await dispute(scene);
    const gains = [];
    for (const purse of purses) gains.push(await purse.profit());
    const lock = lockUp(scene.request.fields) * (atoma / 1_000_000n); // it was paid before the purses were opened
    return gains.map((gain, hand) => (hand === 2 ? gain - lock : gain));
  }

  async function disputeOpenly(scene: Scene, { attesting, settles }: Choice) {
    const m = market();
    await conflict(m, scene);
    const finalAtS = await judge(m, scene, truth(scene.request), [...attesting]);
    await conclude(m, scene);
    await m.disputes.punish(scene.request.words, 0, await evidence(m, scene, liar, lie));
    if (settles)
      await settle(m, await forge(m, scene.request, { committed: 0b101n })); // the liar is in jail
    else {
      await m.networkHelpers.time.increase(1_000n);
      await m.escrow.expire(scene.request.words);
    }
    await waitPast(m, finalAtS + punishWindowS);
    await m.disputes.close(scene.request.words);
  }

  async function equivocate(scene: Scene) {
    const m = market();
    const proofs = [await evidence(m, scene, liar, lie), await evidence(m, scene, liar, truth(scene.request))] as const;
    await m.disputes.connect(m.stranger).proveEquivocation(scene.request.words, 0, ...proofs);
    await m.networkHelpers.time.increase(1_000n);
    await m.escrow.expire(scene.request.words);
  }

  const sums = (gains: readonly bigint[]) => gains.map((_, i) => gains.slice(0, i + 1).reduce((a, b) => a + b));

  it("is a loss of 60% of what the jurors leave, with every role in one hand, and more with fewer", async () => {
    const gains = await play((scene) => disputeOpenly(scene, { attesting: sevenJurors, settles: false }));
    const rest = stakePerNode - 7n * payInAtoma;
    const share = (percent: bigint) => (rest * percent) / 100n;
    expect(sums(gains)).to.deep.equal([
      -stakePerNode, // the liar alone
      -stakePerNode + share(15n), // and challenger
      -stakePerNode + share(25n), // and requester
      -stakePerNode + share(40n), // and all members
      -share(60n), // and all jurors
    ]);
  });

  for (const attesting of [fiveJurors, sixJurors, sevenJurors])
    for (const settles of [false, true])
      it(`is no better with ${attesting.length} of 7 own jurors${settles ? " and the request settled" : ""}`, async () => {
        let feesPaid = 0n;
        const gains = await play(async (scene) => {
          await disputeOpenly(scene, { attesting, settles });
          // the liar is jailed, so its pay is lost as well
          if (settles) feesPaid = settledParts(scene.request, scene.members, 0b101n).treasury * (atoma / 1_000_000n);
        });
        const [best = 0n] = sums(gains).slice(-1);
        const rest = stakePerNode - BigInt(attesting.length) * payInAtoma;
        expect(best).to.equal(-(rest * 60n) / 100n - feesPaid);
      });

  it("by equivocating is a loss of three quarters: there are no jurors and no members to pay", async () => {
    const [best = 0n] = sums(await play(equivocate)).slice(-1);
    expect(best).to.equal(-(stakePerNode * 75n) / 100n);
  });

  it("is a loss of half of all that is slashed at least, at any size, price and number of liars", async () => {
    const spoils = await market().ethers.deployContract("SpoilsHarness");
    for (const k of [1, 3, 5, 10, 15, 21])
      for (const liars of [1, k])
        for (const pay of [stakePerNode / 100n, stakePerNode / 1_000n]) {
          const slash = BigInt(liars) * stakePerNode;
          for (const jurors of [panelSeats(1, k, 21), panelSeats(1, k, 21) + panelSeats(2, k, 21)]) {
            const parts = (await spoils.getFunction("share")(slash, BigInt(jurors) * pay, pay, true, true)) as bigint[];
            expect(2n * parts.reduce((a, b) => a + b) <= slash).to.equal(true);
          }
        }
  });
});
