import { expect } from "chai";
import type { Fault } from "./deeds.ts";
import {
  expectBooks,
  expectGuiltyPay,
  expectNoShows,
  expectPays,
  expectProofs,
  expectRightOrRefunded,
  expectStakes,
} from "./expectations.ts";
import { closePlay, pursue } from "./justice.ts";
import { readLedger } from "./ledger.ts";
import { cast, playMix, type Weather } from "./machine.ts";
import { mixesOf, nameOf } from "./mixes.ts";
import { outcomeOf, sentenceOf } from "./outcome.ts";
import { openScene } from "./scene.ts";
import { type Ground, openGround, openWorld } from "./world.ts";

const mixes = mixesOf(3);
/** The network is whole for every mix; where it is not, by default for those of at most two faults. */
const isWhole = process.env.ATOMA_ALL_MIXES === "1";
const mixesIn = (weather: Weather) => (weather === "calm" || isWhole ? mixes : mixesOf(2));
const titles: Readonly<Record<Weather, string>> = {
  calm: "whose messages arrive",
  torn: "whose attestations are lost between honest members",
  cut: "whose honest members hear of each other on chain only",
};

/** Plays one mix and checks all that must hold of it. Returns what happened, in words. */
async function playOne(ground: Ground, faults: readonly Fault[], seed: number, weather: Weather): Promise<string> {
  await ground.restore();
  const world = await openWorld(ground);
  const before = await readLedger(world);
  const play = await cast(await openScene(world), { faults, style: seed % 2 === 0 ? 0 : 1, seed });
  try {
    await playMix(play, weather);
    const outcome = await outcomeOf(play, before, await pursue(play));
    await expectRightOrRefunded(play, outcome);
    expect(outcome.ending).to.equal(weather === "calm" ? "settles off chain" : "settles on chain");
    expectStakes(outcome);
    await expectGuiltyPay(play, outcome);
    if (weather === "calm") expectProofs(play, outcome);
    expectNoShows(play, outcome);
    await expectPays(play, outcome);
    await expectBooks(play);
    return sentenceOf(play, outcome);
  } finally {
    await closePlay(play);
  }
}

describe("A committee of ten with up to three faulty members", function () {
  this.timeout(120_000);
  let ground: Ground;
  before(async () => {
    ground = await openGround();
  });

  it("has 84 mixes of up to three faults of six kinds", () => {
    expect(mixes.map(nameOf)).to.have.length(1 + 6 + 21 + 56);
    expect(new Set(mixes.map(nameOf)).size).to.equal(mixes.length);
  });

  for (const weather of ["calm", "torn", "cut"] as const) {
    describe(titles[weather], () => {
      for (const [seed, mix] of mixesIn(weather).entries()) {
        it(`with ${nameOf(mix)} faulty`, async function () {
          const sentence = await playOne(ground, mix, seed, weather);
          if (this.test !== undefined) this.test.title += `: ${sentence}`;
        });
      }
    });
  }
});
