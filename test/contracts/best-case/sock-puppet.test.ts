import { expect } from "chai";
import { panelSeats } from "../../../sdk/committee/panel.ts";
import {
  appealWindowS,
  convene,
  decide,
  panelTimeS,
  punishWindowS,
  type Scene,
  stageSettled,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { ask, type Market, useMarket } from "../../helpers/market.ts";
import { handOver, openPurse } from "../../helpers/purse.ts";
import {
  bondFunds,
  conclude,
  dear,
  evidence,
  fiveJurors,
  judge,
  nodeAt,
  payInAtoma,
  sevenJurors,
  sixJurors,
  stageLie,
  stakePerNode,
} from "../../helpers/trial.ts";

const windowS = 100n;

/** The attacker challenges with an account that nobody knows to be its own. */
describe("The best case of a sock puppet as challenger", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });

  async function challengeBy({ disputes, stranger }: Market, { request, outcome }: Scene) {
    await disputes.connect(stranger).openByBond(request.words, outcome);
  }

  const fundPuppet = ({ escrow, requester, stranger }: Market) =>
    escrow.connect(requester).transfer(stranger.address, bondFunds);
  const poolWithout = ({ members }: Scene) =>
    market()
      .nodes.map(({ nodeId }) => nodeId)
      .filter((id) => !members.some(({ nodeId }) => nodeId === id));

  it("of its own lie is to lose 85% of the liars' stake, or 75% if it asked as well", async () => {
    const m = market();
    await fundPuppet(m);
    const scene = await stageLie(m, windowS, dear);
    const liars = [nodeAt(scene, 0), nodeAt(scene, 1)];
    await handOver(m, m.account(6), liars);
    const alone = await openPurse(m, { accounts: [m.account(6), m.stranger], nodes: liars });
    const asker = await openPurse(m, { accounts: [m.requester] });
    await challengeBy(m, scene);
    const finalAtS = await judge(m, scene, truth(scene.request));
    await conclude(m, scene);
    for (const seat of [0, 1])
      await m.disputes.punish(scene.request.words, 0, await evidence(m, scene, seat, scene.outcome.digest));
    await waitPast(m, finalAtS + punishWindowS);
    await m.disputes.close(scene.request.words);
    const rest = 2n * stakePerNode - 7n * payInAtoma; // the jurors come first
    expect(await alone.profit()).to.equal(-2n * stakePerNode + (rest * 15n) / 100n);
    const lock = (3n * payInAtoma * 108n) / 100n + payInAtoma / 100n; // the asker gets it back; it had paid it before
    expect((await asker.profit()) - lock).to.equal((rest * 10n) / 100n);
  });

  for (const attesting of [fiveJurors, sixJurors, sevenJurors])
    it(`of a right result is to lose ${11 - attesting.length} pays with ${attesting.length} own jurors, who are all honest`, async () => {
      const m = market();
      await fundPuppet(m);
      const scene = await stageSettled(m, windowS, dear);
      const purse = await openPurse(m, { accounts: [m.stranger], nodes: poolWithout(scene) });
      await challengeBy(m, scene);
      await judge(m, scene, truth(scene.request), attesting);
      await conclude(m, scene);
      expect(await purse.profit()).to.equal(-BigInt(11 - attesting.length) * payInAtoma);
    });

  it("of a right result, and its appeal, is to lose eight pays though every juror of both panels is its own", async () => {
    const m = market();
    await fundPuppet(m);
    const scene = await stageSettled(m, windowS, dear);
    const purse = await openPurse(m, { accounts: [m.stranger], nodes: poolWithout(scene) });
    await challengeBy(m, scene);
    await convene(m, scene.request, 1);
    await decide(m, scene.request, { level: 1, digest: truth(scene.request) });
    await m.disputes.connect(m.stranger).appeal(scene.request.words);
    const startAtS = await convene(m, scene.request, 2);
    await decide(m, scene.request, { level: 2, digest: truth(scene.request) });
    await waitPast(m, startAtS + panelTimeS + appealWindowS);
    await conclude(m, scene);
    expect(await purse.profit()).to.equal(-8n * payInAtoma);
  });

  it("costs at least four pays a level at any size: a bond is that much more than all jurors of its level are paid", async () => {
    const m = market();
    const panelMin = Number((await m.disputes.parameters()).parameters_.panelMin);
    for (const k of [3n, 5n]) {
      const request = await ask(m, { k, slot: k, ...dear, maxAsk: 7n });
      for (const level of [1, 2] as const) {
        const bond = await m.disputes.bondOf(request.words, level);
        const jurors = BigInt(panelSeats(level, Number(k), panelMin));
        expect(bond - jurors * 7n * dear.units).to.equal(4n * 7n * dear.units);
      }
    }
  });
});
