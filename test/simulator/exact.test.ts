import { expect } from "chai";
import { anyAsk, draw } from "../../sdk/committee/draw.ts";
import { seedOf } from "../../sdk/committee/seed.ts";
import { binomial, binomialTail, choose } from "../../simulator/exact/binomial.ts";
import { divergenceCost } from "../../simulator/exact/divergence.ts";
import { hypergeometric, hypergeometricTail } from "../../simulator/exact/hypergeometric.ts";
import { breakEvenDivergence, breakEvenGuess, breakEvenStake, divergingProfit, lazyProfit } from "../../simulator/exact/profit.ts"; // prettier-ignore
import { committeeRules, exactRule, isReproduced, simulateRule } from "../../simulator/figures/committee.ts";
import { exactGriefing, simulateGriefing } from "../../simulator/figures/griefing.ts";
import { simulateBreakEven } from "../../simulator/figures/laziness.ts";
import { exactSelfDispute, selfDisputeCases, simulateSelfDispute } from "../../simulator/figures/self-dispute.ts";
import { exactStep, simulateStep } from "../../simulator/figures/farming.ts";
import { simulateDivergence } from "../../simulator/figures/divergence.ts";
import { exactWrong, simulateWrong } from "../../simulator/figures/wrong-results.ts";
import { isWithin } from "../../simulator/statistics/estimate.ts";
import { makeMean } from "../../simulator/statistics/mean.ts";
import { makeRatio } from "../../simulator/statistics/ratio.ts";
import { makeColluding } from "../../simulator/strategies/colluding.ts";
import { siblings } from "../../simulator/strategies/copying.ts";
import { blockingSilence, dissenting, silentJuror } from "../../simulator/strategies/griefing.ts";
import { makeLazy } from "../../simulator/strategies/lazy.ts";
import type { Camp } from "../../simulator/world/camps.ts";
import { requestIdOf } from "../../simulator/world/seating.ts";
import { exactProfit, honestMargin, simulateByChance, worldOf } from "./worlds.ts";

const errors = 4;
const effort = { seed: 3, requests: 600 };

describe("Security of a committee", () => {
  for (const rule of committeeRules)
    for (const [index, share] of [0.1, 0.2, 0.33].entries()) {
      it(`${rule.name} at ${share * 100}%: printed, closed and simulated figures agree`, () => {
        const printed = rule.printed[index];
        if (printed === undefined) throw new Error("The rule has no printed figure.");
        expect(isReproduced(exactRule(rule, share), printed)).to.equal(true);
        const simulated = simulateRule(rule, share, effort);
        expect(isWithin(exactRule(rule, share), simulated, errors), JSON.stringify(simulated)).to.equal(true);
        expect(simulated.standardError).to.be.below(0.1 * simulated.mean);
      });
    }

  it("equals the sum over all divisions of a committee of ten", () => {
    for (const rule of committeeRules.filter(({ seats }) => seats === 10)) {
      let sum = 0;
      for (let bits = 0; bits < 1 << 10; bits++) {
        const camps = Array.from({ length: 10 }, (_, seat): Camp => ((bits >> seat) & 1 ? "adversary" : "honest"));
        const held = camps.filter((camp) => camp === "adversary").length;
        if (rule.happens(camps)) sum += 0.2 ** held * 0.8 ** (10 - held);
      }
      expect(sum / exactRule(rule, 0.2)).to.be.closeTo(1, 1e-9);
    }
  });

  it("is hypergeometric in a small pool: every committee of 3 of 9, and the draw", () => {
    const pool = { nodes: 9, marked: 4 };
    const counts = [0, 0, 0, 0];
    for (let a = 0; a < 9; a++)
      for (let b = a + 1; b < 9; b++)
        for (let c = b + 1; c < 9; c++) {
          const held = [a, b, c].filter((node) => node < pool.marked).length;
          counts[held] = (counts[held] ?? 0) + 1;
        }
    const entries = Array.from({ length: 9 }, (_, node) => ({ nodeId: BigInt(node), ask: 1n }));
    const drawn = counts.map(makeMean);
    for (let i = 0; i < 3_000; i++) {
      const seed = seedOf(BigInt(i), requestIdOf(i), 0n);
      const held = draw({ snapshot: { entries }, seed, k: 3n, maxAsk: anyAsk }).filter(
        ({ nodeId }) => nodeId < 4n,
      ).length;
      drawn.forEach((mean, x) => mean.add(Number(held === x)));
    }
    counts.forEach((count, x) => {
      expect(count / choose(9, 3)).to.be.closeTo(hypergeometric(pool, 3, x), 1e-12);
      expect(isWithin(hypergeometric(pool, 3, x), drawn[x]?.estimate() ?? { mean: NaN, standardError: 0, observations: 0 }, errors)).to.equal(true); // prettier-ignore
    });
    expect(hypergeometricTail(pool, 3, 2)).to.be.closeTo(34 / 84, 1e-12);
  });

  it("sums to one", () => {
    let sum = 0;
    for (let x = 0; x <= 21; x++) sum += binomial(21, x, 0.33);
    expect(sum).to.be.closeTo(1, 1e-12);
    expect(binomialTail(21, 0, 0.33)).to.be.closeTo(1, 1e-12);
  });
});

describe("Enumeration and simulation", () => {
  const cases = [
    ["colluding", worldOf(makeColluding({ attacksWith: "quorum" }), { share: 0.33 })],
    ["colluding without a window", worldOf(makeColluding({ attacksWith: "quorum" }), { share: 0.33, lane: "instant" })],
    ["lazy alike", worldOf(makeLazy(), { share: 0.5 })],
    ["siblings", worldOf(siblings, { share: 0.2 })],
    ["silent where it blocks", worldOf(blockingSilence, { share: 0.33 })],
    ["dissenting", worldOf(dissenting, { share: 0.33 })],
    ["silent jurors over challenges", worldOf(silentJuror, { share: 0.33, isOutsiderHostile: true })],
  ] as const;
  for (const [name, setting] of cases)
    it(`agree on the profit of ${name}`, () => {
      const { adversary } = simulateByChance(setting).profitPerSeat;
      expect(isWithin(exactProfit(setting), adversary, errors), JSON.stringify(adversary)).to.equal(true);
    });

  for (const lane of ["instant", "window"] as const)
    it(`agree on wrong results (${lane})`, () => {
      for (const [share, k] of [
        [0.1, 3],
        [0.33, 5],
        [0.2, 10],
        [0.33, 10],
      ] as const) {
        // prettier-ignore
        const simulated = simulateWrong(share, k, lane, effort);
        expect(isWithin(exactWrong(share, k, lane).wrong, simulated, errors), `${share} ${k}`).to.equal(true);
      }
    });

  it("agree on requests blocked and what that costs", () => {
    const one = { share: 0.2, k: 10 };
    const { blocked, cost } = simulateGriefing(one, effort);
    expect(isWithin(exactGriefing(one).blocked, blocked, errors)).to.equal(true);
    expect(isWithin(exactGriefing(one).cost, cost, errors)).to.equal(true);
  });
});

describe("Closed forms of profit", () => {
  it("give the stakes from which laziness does not pay, as the simulation does", () => {
    const [half = NaN, twenty] = [0.5, 1 / 1.2].map((workCost) => breakEvenStake({ workCost }, 0.9));
    expect(half).to.be.closeTo(4, 1e-9);
    const simulated = simulateBreakEven(0.9, effort)[1];
    if (simulated === undefined || twenty === undefined) throw new Error("There is no second cost.");
    expect(isWithin(twenty, simulated, errors)).to.equal(true);
    const guess = breakEvenGuess({ workCost: 0.5, stakePays: 100 });
    expect(lazyProfit({ stakePays: 100 }, guess)).to.be.closeTo(0.5, 1e-9);
  });

  it("give 0.165% as the divergence that a pay of cost plus a fifth bears", () => {
    const economics = { workCost: 1 / 1.2, stakePays: 100 };
    expect(breakEvenDivergence(economics)).to.be.closeTo(0.00165, 5e-6);
    expect(divergingProfit(economics, breakEvenDivergence(economics))).to.be.closeTo(0, 1e-12);
  });

  it("follow a pool that diverges, to first order", () => {
    const exact = divergenceCost({ ...worldOf(siblings), divergence: 0.005 });
    const { profit, slashes } = simulateDivergence(0.005, effort);
    expect(isWithin(exact.profit, profit, errors)).to.equal(true);
    expect(isWithin(exact.slashes, slashes, errors)).to.equal(true);
  });

  it("equal what disputing oneself costs, which is a loss in every role", () => {
    for (const one of selfDisputeCases) {
      const simulated = simulateSelfDispute(one, { seed: 5, requests: 20 });
      expect(simulated.mean, one.name).to.be.below(-0.5 * one.stakePays);
      const exact = exactSelfDispute(one);
      if (exact !== undefined) expect(simulated.mean).to.be.closeTo(exact, 1e-5 * one.stakePays);
    }
  });

  it("equal what a step of reputation costs", () => {
    expect(simulateStep(1, { seed: 1, requests: 20 }).mean).to.be.closeTo(exactStep(1), 1e-9);
    expect(isWithin(exactStep(0.33), simulateStep(0.33, effort), errors)).to.equal(true);
    expect(honestMargin).to.be.closeTo(1 / 6, 1e-12);
  });
});

describe("Statistics", () => {
  it("give mean, ratio and their errors", () => {
    const [mean, ratio] = [makeMean(), makeRatio()];
    for (const value of [1, 2, 3, 4]) {
      mean.add(value);
      ratio.add(value, 2);
    }
    const { mean: average, standardError } = mean.estimate();
    expect(average).to.equal(2.5);
    expect(standardError).to.be.closeTo(Math.sqrt(5 / 3 / 4), 1e-12);
    expect(ratio.estimate().mean).to.equal(1.25);
    expect(ratio.estimate().standardError).to.be.closeTo(standardError / 2, 1e-12);
  });
});
