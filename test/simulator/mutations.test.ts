import { expect } from "chai";
import { binomialTail } from "../../simulator/exact/binomial.ts";
import { exactMean, exactRatio } from "../../simulator/exact/enumerate.ts";
import { isSilencePunished, verdictOf } from "../../simulator/rules/verdict.ts";
import { agreementOf } from "../../simulator/rules/agreement.ts";
import { truth, tallyOf } from "../../simulator/rules/digest.ts";
import { distributeSlash } from "../../simulator/rules/distribution.ts";
import { protocolRules, type Rules } from "../../simulator/rules/rules.ts";
import { makeColluding } from "../../simulator/strategies/colluding.ts";
import { copying } from "../../simulator/strategies/copying.ts";
import { silentJuror } from "../../simulator/strategies/griefing.ts";
import { makeHonest } from "../../simulator/strategies/honest.ts";
import { makeLazy } from "../../simulator/strategies/lazy.ts";
import { selfDisputing } from "../../simulator/strategies/self-dealing.ts";
import { placedCamps } from "../../simulator/world/camps.ts";
import { runCampaign } from "../../simulator/world/campaign.ts";
import { makeWorld } from "../../simulator/world/request.ts";
import type { Setting } from "../../simulator/world/setting.ts";
import { adversaryNet, honestMargin, simulate, worldOf } from "./worlds.ts";

const broken = (rules: Partial<Rules>): Rules => ({ ...protocolRules, ...rules });

/** Probability that a wrong result is delivered, by enumeration. */
const wrong = (setting: Setting): number =>
  exactMean(setting, ({ delivered }) => Number(delivered !== undefined && delivered !== truth));

/** What is noticed of a rule: a figure under the protocol's rules, and under broken ones. */
function compare(figure: (rules: Rules) => number, rules: Partial<Rules>): [right: number, broken: number] {
  return [figure(protocolRules), figure(broken(rules))];
}

describe("A broken rule", () => {
  it("is noticed: attestations without commitments make copying pay", () => {
    const profit = (rules: Rules) => simulate(worldOf(copying, { rules })).profitPerSeat.adversary.mean;
    const [right, without] = compare(profit, {
      votesOf: (moves) => {
        const first = moves.find((move) => move.kind === "attest")?.digest;
        return moves.map((move) => ({ attest: move.kind === "attest" ? move.digest : first, copy: first, silent: undefined })[move.kind]); // prettier-ignore
      },
    });
    expect(right).to.equal(0);
    expect(without).to.be.above(honestMargin);
  });

  it("is noticed: a quorum that ignores dissent lets wrong results through the window", () => {
    const colluding = makeColluding({ attacksWith: "quorum" });
    const [right, without] = compare((rules) => wrong(worldOf(colluding, { share: 0.2, rules })), {
      agreementOf: (votes, quorum) => {
        const agreement = agreementOf(votes, quorum);
        const digest = agreement.kind === "conflict" ? agreement.quorumDigest : undefined;
        return digest === undefined ? agreement : { kind: "agreed", digest };
      },
    });
    expect(right).to.be.below(2e-7);
    expect(without).to.be.closeTo(binomialTail(10, 7, 0.2), 1e-9);
  });

  it("is noticed: panels that decide by simple majority convict by less", () => {
    const colluding = makeColluding({ attacksWith: "anySeat" });
    const profit = (rules: Rules) =>
      exactRatio(worldOf(colluding, { share: 0.45, rules }), adversaryNet, ({ seats }) => seats.adversary);
    const [right, without] = compare(profit, {
      verdictOf: (votes) => {
        const [first] = tallyOf(votes);
        return first !== undefined && 2 * first[1] > votes.length ? first[0] : undefined;
      },
    });
    expect(Math.abs(right - without)).to.be.above(1);
  });

  it("is noticed: panels of half the size decide wrongly more often", () => {
    const colluding = makeColluding({ attacksWith: "quorum" });
    const figure = (rules: Rules) => wrong(worldOf(colluding, { share: 0.4, k: 5, rules }));
    const [right, without] = compare(figure, { panelSeats: (_, level) => (level === 1 ? 7 : 15) });
    expect(without).to.be.above(1.05 * right);
  });

  it("is noticed: an undecided second panel that lifts the first lets nobody be at fault", () => {
    const colluding = makeColluding({ attacksWith: "quorum" });
    const figure = (rules: Rules) => wrong(worldOf(colluding, { share: 0.45, k: 5, rules }));
    const [right, without] = compare(figure, {
      rulingOf: ({ convene, isAppealed }) => {
        const first = verdictOf(convene(1) ?? []);
        if (first !== undefined && !isAppealed(first)) return { kind: "decided", digest: first, appeal: "none" };
        const second = verdictOf(convene(2) ?? []);
        return second === undefined ? { kind: "noFault" } : { kind: "decided", digest: second, appeal: "none" };
      },
    });
    expect(right).to.be.above(without);
  });

  it("is noticed: shares without the treasury's half let the jurors' own operator keep more than half", () => {
    const camps = placedCamps({ k: 10, seats: "all", jurorShare: 1 });
    const kept = (rules: Rules) => {
      const setting = worldOf(selfDisputing, { rules, asker: "adversary", opener: "adversary" });
      const nets = [setting, { ...setting, adversary: makeHonest() }].map(
        (each) => runCampaign(makeWorld(each, camps), 1, 20).netPerRequest("adversary").mean,
      );
      return 1 + ((nets[0] ?? NaN) - (nets[1] ?? NaN)) / 100;
    };
    const [right, without] = compare(kept, {
      distributeSlash: (input) => {
        const jurors = distributeSlash(input).jurors;
        const rest = input.slash - jurors;
        return { jurors, requester: rest / 2n, challenger: rest - rest / 2n, honest: 0n, treasury: 0n };
      },
    });
    expect(right).to.be.within(0, 0.5);
    expect(without).to.be.above(0.5);
  });

  it("is noticed: without a slash laziness pays", () => {
    const lazy = makeLazy({ rightGuess: 0.9 });
    const profit = (rules: Rules) => simulate(worldOf(lazy, { rules })).profitPerSeat.adversary.mean;
    const [right, without] = compare(profit, { fraudSlash: () => 0n });
    expect(right).to.be.below(0);
    expect(without).to.be.above(honestMargin);
  });

  it("is noticed: silent jurors who are not slashed block panels for nothing but their pay", () => {
    const loss = (rules: Rules) =>
      -exactRatio(worldOf(silentJuror, { share: 0.33, isOutsiderHostile: true, rules }), adversaryNet, ({ ruling }) => Number(ruling === "noFault")); // prettier-ignore
    const [right, without] = compare(loss, { isSilencePunished: () => false });
    expect(right - without).to.be.above(100);
    expect(isSilencePunished([truth, undefined])).to.equal(true);
  });
});
