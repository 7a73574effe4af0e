import { expect } from "chai";
import { type Hex, keccak256, numberToHex } from "viem";
import type { AttestationMessage } from "../../../keepers/network/messages.ts";
import { fingerprintOf } from "../../../sdk/agreement/fingerprint.ts";
import type { DisputeCase } from "../../../sdk/words/dispute-case.ts";
import { type DisputeFacts, dueOf } from "../../../keepers/watchtower/dispute-plan.ts";

const word = (n: number): Hex => keccak256(numberToHex(n));
const [winning, losing] = [word(1), word(2)];

const attestation = (nodeId: bigint, digest: Hex, level = 0n): AttestationMessage => ({
  requestId: word(7),
  level,
  nodeId,
  digest,
  committed: 1n,
  commitRoot: word(9),
  salt: `0x${"22".repeat(16)}`,
  leaves: [word(9)],
  signature: `0x${"11".repeat(64)}`,
});

const level = (round: bigint, isDecided: boolean, attested: bigint) => ({
  round,
  tally: { digest: fingerprintOf(winning), isDecided, attested },
});
const opened: DisputeCase = {
  snapshotId: 1n,
  version: 1n,
  isConcluded: false,
  isClosed: false,
  first: { round: 5n, tally: undefined },
  second: undefined,
};
const jurors = [11n, 12n, 13n, 14n, 15n, 16n, 17n];

/** Level 1 has until second 1000, and 100 more for an appeal; losers are punished for 50 seconds. */
const pending = (changes: Partial<DisputeFacts> = {}): DisputeFacts => ({
  nowS: 1_001n,
  verdict: { ending: "pending", digest: 0n, level: 1n, finalAtS: 1_100n },
  dispute: opened,
  round: "good",
  appealWindowS: 100n,
  punishWindowS: 50n,
  drawn: [],
  attestations: [],
  punished: new Map(),
  wouldAppealFor: undefined,
  ...changes,
});
const judged = (changes: Partial<DisputeFacts> = {}): DisputeFacts =>
  pending({
    nowS: 1_101n,
    verdict: { ending: "decided", digest: fingerprintOf(winning), level: 1n, finalAtS: 1_100n },
    dispute: { ...opened, isConcluded: true, first: level(5n, true, 0b1111111n) },
    drawn: [[1n, 2n, 3n], jurors, []],
    ...changes,
  });
const kindsOf = (facts: DisputeFacts) => dueOf(facts).map(({ kind }) => kind);

describe("watchtower's plan of disputes", () => {
  it("escalates an undecided first level after its end, to the last second of the appeal window", () => {
    expect(kindsOf(pending({ nowS: 1_000n }))).to.deep.equal([]);
    expect(dueOf(pending())).to.deep.equal([{ kind: "escalate", untilS: 1_100n }]);
    expect(kindsOf(pending({ nowS: 1_100n }))).to.deep.equal(["escalate"]);
    expect(kindsOf(pending({ nowS: 1_101n }))).to.deep.equal([]);
  });

  it("escalates neither what is decided, nor what is at level 2, nor what no panel was drawn for", () => {
    const first = level(5n, true, 31n);
    expect(kindsOf(pending({ dispute: { ...opened, first } }))).to.deep.equal([]);
    expect(kindsOf(pending({ dispute: { ...opened, second: { round: 6n, tally: undefined } } }))).to.deep.equal([]);
    expect(kindsOf(pending({ round: "awaited" }))).to.deep.equal([]);
  });

  it("has a void round drawn again within the appeal window, on either level, and tries nothing else", () => {
    const isVoid = pending({ round: "void" });
    expect(dueOf(isVoid)).to.deep.equal([{ kind: "redraw", level: 1n, untilS: 1_100n }]);
    expect(kindsOf({ ...isVoid, nowS: 1_000n })).to.deep.equal([]);
    expect(kindsOf({ ...isVoid, nowS: 1_101n })).to.deep.equal([]);
    const higher = { ...opened, second: { round: 6n, tally: undefined } };
    expect(dueOf({ ...isVoid, dispute: higher })).to.deep.equal([{ kind: "redraw", level: 2n, untilS: 1_100n }]);
  });

  it("appeals a decision for another digest than was found here, to the last second, once", () => {
    const first = level(5n, true, 31n);
    const wouldAppealFor = fingerprintOf(losing);
    const decided = pending({ dispute: { ...opened, first }, wouldAppealFor });
    expect(dueOf(decided)).to.deep.equal([{ kind: "appeal", untilS: 1_100n }]);
    expect(kindsOf({ ...decided, nowS: 900n })).to.deep.equal(["appeal"]);
    expect(kindsOf({ ...decided, nowS: 1_101n })).to.deep.equal([]);
    expect(kindsOf({ ...decided, wouldAppealFor: undefined })).to.deep.equal([]);
    expect(kindsOf({ ...decided, wouldAppealFor: fingerprintOf(winning) })).to.deep.equal([]);
    expect(
      kindsOf({ ...decided, dispute: { ...opened, first, second: { round: 6n, tally: undefined } } }),
    ).to.deep.equal([]);
  });

  it("concludes every end, once", () => {
    for (const ending of ["decided", "noFault", "noPanel"] as const) {
      const { verdict, dispute } = judged();
      const facts = judged({ verdict: { ...verdict, ending }, dispute: { ...dispute, isConcluded: false } });
      expect(kindsOf(facts)).to.deep.equal(["conclude"]);
      expect(kindsOf({ ...facts, dispute })).to.deep.equal([]);
    }
  });

  it("closes when nobody can be punished any more, and then does nothing", () => {
    expect(kindsOf(judged({ nowS: 1_150n }))).to.deep.equal([]);
    expect(kindsOf(judged({ nowS: 1_151n }))).to.deep.equal(["close"]);
    const { dispute } = judged();
    expect(kindsOf(judged({ nowS: 1_151n, dispute: { ...dispute, isClosed: true } }))).to.deep.equal([]);
  });

  it("punishes who attested another digest than that which stands, at any level, once", () => {
    const attestations = [
      attestation(1n, winning),
      attestation(2n, losing),
      attestation(2n, word(3)),
      attestation(13n, losing, 1n),
      attestation(99n, losing), // nobody drew it
    ];
    const due = dueOf(judged({ attestations }));
    expect(
      due.map((step) => (step.kind === "punish" ? [step.level, step.seat, step.untilS] : step.kind)),
    ).to.deep.equal([
      [0n, 1, 1_150n],
      [1n, 2, 1_150n],
    ]);
    const silent = new Map([[13n, "silent" as const]]);
    expect(kindsOf(judged({ attestations, punished: new Map([[2n, "all"], ...silent]) }))).to.deep.equal(["punish"]);
    const { verdict } = judged();
    expect(kindsOf(judged({ attestations, verdict: { ...verdict, ending: "noFault" } }))).to.deep.equal([]);
  });

  it("tells digests apart to the last bit", () => {
    const twin: Hex = `0x${(BigInt(winning) ^ 1n).toString(16).padStart(64, "0")}`;
    expect(kindsOf(judged({ attestations: [attestation(1n, winning)] }))).to.deep.equal([]);
    expect(kindsOf(judged({ attestations: [attestation(1n, twin)] }))).to.deep.equal(["punish"]);
  });

  it("punishes silent jurors where at least half of the panel is known to have attested", () => {
    const { dispute } = judged();
    const seatsOf = (attested: bigint, changes: Partial<DisputeFacts> = {}) =>
      dueOf(judged({ dispute: { ...dispute, first: level(5n, false, attested) }, ...changes })).map((step) =>
        step.kind === "punishSilent" ? step.seat : step.kind,
      );
    expect(seatsOf(0b1111n)).to.deep.equal([4, 5, 6]);
    expect(seatsOf(0b111n)).to.deep.equal([]);
    expect(seatsOf(0n)).to.deep.equal([]);
    expect(seatsOf(0b1111n, { punished: new Map([[15n, "silent"]]) })).to.deep.equal([5, 6]);
    const reversed = { ...judged().verdict, digest: fingerprintOf(losing), level: 2n };
    expect(seatsOf(0b1111n, { verdict: reversed })).to.deep.equal([]); // nobody owed a word to what did not stand
    const [counted, leftOut] = [attestation(11n, winning, 1n), attestation(16n, winning, 1n)];
    expect(seatsOf(0b1111n, { attestations: [counted, leftOut] })).to.deep.equal([4, 6]); // left out, not silent
    const alone = { ...leftOut, commitRoot: word(8) }; // signed when it knew what the others had found
    expect(seatsOf(0b1111n, { attestations: [counted, alone] })).to.deep.equal([4, 5, 6]);
  });
});
