import { expect } from "chai";
import { errorBar } from "../../simulator/statistics/estimate.ts";
import { makeColluding } from "../../simulator/strategies/colluding.ts";
import { copying, siblings } from "../../simulator/strategies/copying.ts";
import { alwaysSilent, blockingSilence, dissenting } from "../../simulator/strategies/griefing.ts";
import { makeHonest } from "../../simulator/strategies/honest.ts";
import { makeLazy } from "../../simulator/strategies/lazy.ts";
import { makeOffline } from "../../simulator/strategies/offline.ts";
import type { Strategy } from "../../simulator/strategies/strategy.ts";
import { fixedCamps } from "../../simulator/world/camps.ts";
import { parties } from "../../simulator/world/books.ts";
import { makeWorld, runRequest } from "../../simulator/world/request.ts";
import type { Setting } from "../../simulator/world/setting.ts";
import { honestMargin, simulate, worldOf } from "./worlds.ts";

/** Who earns how much: against nothing, and against an honest node. */
const cases: readonly [title: string, Strategy, sign: number, againstHonest: number, Partial<Setting>?][] = [
  ["an honest node earns its margin", makeHonest(), 1, 0],
  ["a lazy node loses", makeLazy({ rightGuess: 0.5 }), -1, -1],
  ["a third of lazy nodes that guess alike loses", makeLazy(), -1, -1, { share: 1 / 3 }],
  ["lazy nodes that guess alike gain once they are the pool", makeLazy(), 1, 1, { share: 1 }],
  ["lazy nodes alone with guesses of their own earn nothing", makeLazy({ rightGuess: 0 }), 0, -1, { share: 1 }],
  ["a lazy node whose guess is nearly always right gains", makeLazy({ rightGuess: 1 }), 1, 1],
  ["a copying node earns nothing", copying, 0, -1],
  ["siblings save work", siblings, 1, 1],
  ["colluding at any seat loses", makeColluding({ attacksWith: "anySeat" }), -1, -1, { share: 1 / 3 }],
  ["dissenting loses", dissenting, -1, -1],
  ["silence that blocks costs its pay", blockingSilence, 1, -1, { share: 1 / 3 }],
  ["silence earns nothing", alwaysSilent, 0, -1],
  ["silence on chain is slashed", alwaysSilent, -1, -1, { fallbackShare: 1 }],
  ["a node that is offline at times earns less", makeOffline(0.2), 1, -1],
  ["a node that diverges often loses", makeHonest(0.05), -1, -1],
];

describe("Profit per strategy", () => {
  for (const [title, strategy, sign, againstHonest, setting] of cases)
    it(title, () => {
      const { adversary } = simulate(worldOf(strategy, setting)).profitPerSeat;
      const signOf = (value: number) => (Math.abs(value) <= errorBar(adversary) + 1e-5 ? 0 : Math.sign(value));
      expect(signOf(adversary.mean), JSON.stringify(adversary)).to.equal(sign);
      expect(signOf(adversary.mean - honestMargin), JSON.stringify(adversary)).to.equal(againstHonest);
    });
});

describe("A simulated world", () => {
  it("gives the same campaign for the same seed, and another for another", () => {
    const setting = worldOf(makeLazy({ rightGuess: 0.5 }));
    const profit = (seed: number) => simulate(setting, seed, 100).profitPerSeat;
    expect(profit(1)).to.deep.equal(profit(1));
    expect(profit(1)).to.not.deep.equal(profit(2));
  });

  it("neither makes nor loses money", () => {
    for (const strategy of [makeLazy(), dissenting, makeColluding({ attacksWith: "anySeat" }), makeOffline(0.3)]) {
      const setting = worldOf(strategy, { share: 1 / 3, watched: 0.5, fallbackShare: 0.5, isOutsiderHostile: true });
      const world = makeWorld(setting, fixedCamps({ marked: 100 }));
      for (let index = 0; index < 50; index++) {
        const { books } = runRequest(world, 1, index);
        expect(parties.reduce((sum, party) => sum + books.balanceOf(party), 0n)).to.equal(0n);
      }
    }
  });

  it("delivers a wrong result before the dispute without a window, and refunds it with one", () => {
    const attack = makeColluding({ attacksWith: "quorum" });
    const share = 0.5;
    const instant = simulate(worldOf(attack, { share, lane: "instant" }));
    const window = simulate(worldOf(attack, { share, lane: "window" }));
    expect(instant.wrong.mean).to.be.above(10 * window.wrong.mean);
    expect(window.refunded.mean).to.be.above(instant.refunded.mean);
  });

  it("never slashes who computed, as long as runtimes are equal and the adversary holds too little", () => {
    for (const strategy of [makeLazy(), dissenting, copying, alwaysSilent, makeColluding({ attacksWith: "anySeat" })])
      expect(simulate(worldOf(strategy, { share: 0.2 })).falseSlashes.mean).to.equal(0);
  });

  it("lets a quorum stand where no panel can be had", () => {
    const setting = worldOf(dissenting, { poolNodes: 16, share: 2 / 16 });
    const { netPerRequest, refunded, disputed } = simulate(setting, 1, 100);
    expect(disputed.mean).to.be.above(0.5);
    expect(refunded.mean).to.equal(0);
    expect(netPerRequest("adversary").mean).to.be.at.least(0); // not paid, and not slashed either
  });
});
