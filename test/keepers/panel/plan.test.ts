import { expect } from "chai";
import { type PanelFacts, type Vote, voteDue } from "../../../keepers/panel/plan.ts";
import { timelineOfPanel } from "../../../keepers/panel/draw.ts";
import { exchangeTimesOf } from "../../../keepers/network/exchange-times.ts";
import { panelTimesOf } from "../../../sdk/time/panel-timeline.ts";
import { decodeDisputeCase } from "../../../sdk/words/dispute-case.ts";

const windows = { panelWindowS: 1_800n, appealWindowS: 3_600n, taskWindowS: 40n };
const timeline = timelineOfPanel(panelTimesOf(windows, 1_000n, 990n));
const all: Vote = { digest: 5n, committed: 0b1111111n, attested: 0b1111111n };
const facts: PanelFacts = { nowS: 1_010n, timeline, seats: 7, ownSeat: 0, tally: undefined, votes: [all] };
/** Seconds at which juror `ownSeat` would show its vote. */
const secondsOf = (given: Partial<PanelFacts>): readonly bigint[] =>
  Array.from({ length: 1_900 }, (_, i) => 1_000n + BigInt(i)).filter(
    (nowS) => voteDue({ ...facts, ...given, nowS }) !== undefined,
  );

describe("times of a panel", () => {
  it("run from the later of round and posting, for the longer of the panel's window and two task windows", () => {
    expect(panelTimesOf(windows, 1_000n, 1_005n)).to.deep.equal({ startS: 1_005n, endS: 2_805n, finalS: 6_405n });
    expect(panelTimesOf({ ...windows, taskWindowS: 2_000n }, 1_000n, 990n).endS).to.equal(5_000n);
  });

  it("leave the task's window for computing, and as much for attesting and deciding", () => {
    const { startMs, commitEndMs, deadlineMs } = exchangeTimesOf(
      timelineOfPanel(panelTimesOf({ ...windows, panelWindowS: 8n }, 1_000n, 990n)),
    );
    expect([startMs, commitEndMs, deadlineMs]).to.deep.equal([1_000_000, 1_040_000, 1_080_000]);
  });
});

describe("plan of a panel", () => {
  it("shows a complete vote in one juror's turn only, and in the last eighth in everybody's", () => {
    const bySeat = [0, 1, 2, 3, 4, 5, 6].map((ownSeat) => secondsOf({ ownSeat }));
    for (let nowS = 1_001n; nowS < timeline.deadlineS; nowS++) {
      const count = bySeat.filter((seconds) => seconds.includes(nowS)).length;
      expect(count, `at ${nowS}`).to.equal(nowS >= 2_575n || count === 7 ? 7 : 1);
    }
    expect(secondsOf({}).at(-1)).to.equal(timeline.deadlineS - 1n);
  });

  it("waits for jurors that committed and have not attested, until half of the time to attest is over", () => {
    const votes = [{ ...all, attested: 0b0011111n }];
    expect(secondsOf({ votes })[0]).to.be.at.least(Number(timeline.attestEndS));
    expect(secondsOf({ votes: [{ ...all, attested: 0b0001111n }] }), "four of seven decide nothing").to.deep.equal([]);
  });

  it("gives every juror a turn where the panel has seconds only", () => {
    const short = timelineOfPanel(panelTimesOf({ ...windows, panelWindowS: 40n, taskWindowS: 10n }, 1_000n, 990n));
    for (const ownSeat of [0, 1, 2, 3, 4, 5, 6])
      expect(secondsOf({ ownSeat, timeline: short }).some((nowS) => nowS < 1_035n)).to.equal(true);
  });

  it("shows a juror that was left out of a decision for the same digest, and no other", () => {
    const tally = { digest: 5n, isDecided: true, attested: 0b0111110n };
    expect(voteDue({ ...facts, tally })).to.equal(all);
    expect(voteDue({ ...facts, tally, nowS: timeline.expireAtS })).to.equal(undefined);
    expect(voteDue({ ...facts, tally, ownSeat: 1 })).to.equal(undefined);
    expect(voteDue({ ...facts, tally: { ...tally, digest: 6n } })).to.equal(undefined);
    expect(voteDue({ ...facts, tally, votes: [{ ...all, attested: 1n }] })).to.equal(undefined);
  });
});

describe("the words of a dispute", () => {
  it("are read as the contract packs them", () => {
    const docket = (7n << 96n) | (9n << 64n) | (123n << 32n) | (2n << 16n) | 2n;
    const tally = (5n << 64n) | (1n << 63n) | 0b101n;
    const first = { round: 123n, tally: { digest: 5n, isDecided: true, attested: 0b101n } };
    const common = { snapshotId: 9n, version: 2n, isConcluded: false, isClosed: false, first };
    expect(decodeDisputeCase([docket, 0n, tally, 0n, 0n, 0n])).to.deep.equal({ ...common, second: undefined });
    const appeal = (3n << 96n) | (456n << 64n) | 1n;
    const second = { round: 456n, tally: undefined };
    expect(decodeDisputeCase([docket | 48n, 0n, tally, appeal, 0n, 0n])).to.deep.equal({
      ...common,
      isConcluded: true,
      isClosed: true,
      second,
    });
    expect(decodeDisputeCase([0n, 0n, 0n, 0n, 0n, 0n])).to.equal(undefined);
  });
});
