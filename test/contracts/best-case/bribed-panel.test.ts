import { expect } from "chai";
import { panelSeats, panelThreshold } from "../../../sdk/committee/panel.ts";
import {
  appealWindowS,
  convene,
  decide,
  evidenceOf,
  panelOf,
  panelTimeS,
  type Scene,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { useMarket } from "../../helpers/market.ts";
import { openPurse } from "../../helpers/purse.ts";
import {
  challenge,
  conclude,
  dear,
  elevenJurors,
  evidence,
  finalize,
  fiveJurors,
  nodeAt,
  payInAtoma,
  stageLie,
  stakePerNode,
} from "../../helpers/trial.ts";

const windowS = 100n;
const punishWindowS = 100;

/** Two liars record a lie, an outsider challenges it, and as many jurors as decide are bought. */
describe("The best case of a bribed panel", () => {
  const market = useMarket({
    nodes: 30,
    task: { window: 30 },
    adjust: (p) => ({ ...p, disputeParameters: { ...p.disputeParameters, punishWindow: punishWindowS } }),
  });

  async function sit(scene: Scene, level: 1 | 2, digest: `0x${string}`): Promise<bigint> {
    const m = market();
    const startAtS = await convene(m, scene.request, level);
    await decide(m, scene.request, { level, digest, attesting: level === 1 ? fiveJurors : elevenJurors });
    return startAtS + panelTimeS + appealWindowS;
  }

  /** The first panel is bought. Whoever challenged appeals, and `digest` is what the second panel says. */
  async function appealAgainst(digest: (scene: Scene) => `0x${string}`) {
    const m = market();
    const scene = await stageLie(m, windowS, dear);
    await challenge(m, scene);
    await sit(scene, 1, scene.outcome.digest);
    const bought = (await panelOf(m, scene.request, 1)).slice(0, 5);
    await m.disputes.connect(m.stranger).appeal(scene.request.words);
    const finalAtS = await sit(scene, 2, digest(scene));
    await waitPast(m, finalAtS);
    return { m, scene, finalAtS, bought };
  }

  it("of the first level alone: an appeal takes the stake of liars and of everyone who was bought", async () => {
    const { m, scene, finalAtS, bought } = await appealAgainst(({ request }) => truth(request));
    const nodes = [nodeAt(scene, 0), nodeAt(scene, 1), ...bought.map(({ nodeId }) => nodeId)];
    const purse = await openPurse(m, { accounts: [m.account(6)], nodes });
    await conclude(m, scene);
    const { words } = scene.request;
    for (const seat of [0, 1]) await m.disputes.punish(words, 0, await evidence(m, scene, seat, scene.outcome.digest));
    for (const seat of fiveJurors) {
      const said = { digest: scene.outcome.digest, level: 1n };
      await m.disputes.punish(words, 1, await evidenceOf(m, scene.request, bought, seat, said));
    }
    await waitPast(m, finalAtS + BigInt(punishWindowS));
    const closing = m.disputes.close(words);
    const pay = payInAtoma;
    // what comes back to an attacker that also asked is 50 pays
    await expect(closing)
      .to.emit(m.disputes, "SpoilsShared")
      .withArgs(scene.request.requestId, 11n * pay, 50n * pay, 50n * pay, 0n, 7n * stakePerNode - 111n * pay);
    expect(await purse.profit()).to.equal(-7n * stakePerNode);
  });

  it("of both levels: it stands, pays 16 jurors and the liars, and puts eighteen allocations at risk for it", async () => {
    const { m, scene, bought } = await appealAgainst(({ outcome }) => outcome.digest);
    const second = (await panelOf(m, scene.request, 2)).slice(0, 11);
    const liars = [nodeAt(scene, 0), nodeAt(scene, 1)];
    const nodes = [...liars, ...[...bought, ...second].map(({ nodeId }) => nodeId)];
    const purse = await openPurse(m, { accounts: [m.account(6)], nodes });
    await conclude(m, scene);
    await finalize(m, scene);
    const gained = 16n * payInAtoma + 2n * (payInAtoma / 2n); // liars are paid their ask, half of the most
    expect(await purse.profit()).to.equal(gained);
    expect(BigInt(nodes.length) * stakePerNode).to.equal(18n * stakePerNode);
    expect(100n * gained < 10n * 18n * stakePerNode).to.equal(true); // less than a tenth of what is at risk
  });

  /**
   * A juror is bought for what it can lose: its allocation of at least 100 pays, which `StakeTooLow` guarantees. With
   * k1 = max(21, 2k + 1) jurors of whom t1 = floor(2 k1 / 3) + 1 decide, a first level costs 100 t1 pays, and the request
   * at most 1.3 k pays and its tip. t1 >= (4k + 2) / 3, so the ratio is above 100 * 4 / 3.9 = 102 for every k.
   */
  it("puts more than a hundred times the request's whole price at risk at the first level, at any size", () => {
    for (let k = 1; k <= 21; k++) {
      const [first, second] = [panelThreshold(panelSeats(1, k, 21)), panelThreshold(panelSeats(2, k, 21))];
      expect((100 * first) / (1.3 * k)).to.be.greaterThan(102);
      expect((100 * (first + second)) / (1.3 * k)).to.be.greaterThan(230);
    }
    const ofTen = [1, 2].map((level) => panelThreshold(panelSeats(level as 1 | 2, 10, 21)));
    expect(ofTen).to.deep.equal([15, 29]); // as docs/contracts/Disputes.md says
  });
});
