import { expect } from "chai";
import { agreementOf, defaultQuorum } from "../../simulator/rules/agreement.ts";
import { bondOf } from "../../simulator/rules/bond.ts";
import { votesOf } from "../../simulator/rules/commitment.ts";
import { truth, type Vote } from "../../simulator/rules/digest.ts";
import { distributeSlash } from "../../simulator/rules/distribution.ts";
import { hasRoomForPanel, isPanel, panelSeats, panelThreshold } from "../../simulator/rules/panel.ts";
import { rulingOf } from "../../simulator/rules/ruling.ts";
import { jurorSlash, timeoutSlash } from "../../simulator/rules/slash.ts";
import { isSilencePunished, verdictOf } from "../../simulator/rules/verdict.ts";
import { makeRandom } from "../../simulator/random.ts";

const wrong = 1;
const votes = (right: number, others: number, silent = 0): Vote[] => [
  ...Array.from({ length: right }, () => truth),
  ...Array.from({ length: others }, () => wrong),
  ...Array.from({ length: silent }, () => undefined),
];

describe("Rules of the simulator", () => {
  it("take more than two thirds as the default quorum", () => {
    expect([1, 3, 5, 10, 21].map(defaultQuorum)).to.deep.equal([1, 3, 4, 7, 15]);
  });

  it("settle a quorum without dissent, see two digests as a conflict, and fewer as too short", () => {
    expect(agreementOf(votes(7, 0, 3), 7)).to.deep.equal({ kind: "agreed", digest: truth });
    expect(agreementOf(votes(9, 1), 7)).to.deep.equal({ kind: "conflict", quorumDigest: truth });
    expect(agreementOf(votes(5, 5), 7)).to.deep.equal({ kind: "conflict", quorumDigest: undefined });
    expect(agreementOf(votes(6, 0, 4), 7)).to.deep.equal({ kind: "short" });
  });

  it("do not count who waits for another's word", () => {
    const moves = [{ kind: "attest", digest: truth, isComputed: true }, { kind: "copy" }, { kind: "silent" }] as const;
    expect(votesOf(moves)).to.deep.equal([truth, undefined, undefined]);
  });

  it("size panels by k, and thresholds and bonds by panels", () => {
    expect([1, 5, 10, 11, 21].map((k) => panelSeats(k, 1))).to.deep.equal([21, 21, 21, 23, 43]);
    expect([1, 10, 15, 21].map((k) => panelSeats(k, 2))).to.deep.equal([43, 43, 63, 63]);
    expect([7, 20, 21, 43, 63].map(panelThreshold)).to.deep.equal([5, 14, 15, 29, 43]);
    expect([isPanel(6), isPanel(7)]).to.deep.equal([false, true]);
    expect([hasRoomForPanel(16, 10), hasRoomForPanel(17, 10)]).to.deep.equal([false, true]);
    expect(bondOf(21, 10n)).to.equal(250n);
  });

  it("count silent jurors in the threshold, and punish their silence only beside a half that agrees", () => {
    expect(verdictOf(votes(15, 6))).to.equal(truth);
    expect(verdictOf(votes(14, 0, 7))).to.equal(undefined);
    expect(verdictOf(votes(6, 15))).to.equal(wrong);
    expect([isSilencePunished(votes(11, 0, 10)), isSilencePunished(votes(10, 1, 10))]).to.deep.equal([true, false]);
    expect([jurorSlash(1_000n), timeoutSlash(1_000n)]).to.deep.equal([100n, 10n]);
  });

  it("take a dispute through its panels", () => {
    const ruling = (first: Vote[] | undefined, second: Vote[] | undefined, isAppealed = false) =>
      rulingOf({ convene: (level) => (level === 1 ? first : second), verdictOf, isAppealed: () => isAppealed });
    const [right, other, open] = [votes(21, 0), votes(0, 21), votes(10, 11)];
    expect(ruling(undefined, right)).to.deep.equal({ kind: "noPanel" });
    expect(ruling(right, other)).to.deep.equal({ kind: "decided", digest: truth, appeal: "none" });
    expect(ruling(open, right)).to.deep.equal({ kind: "decided", digest: truth, appeal: "none" });
    expect(ruling(open, open)).to.deep.equal({ kind: "noFault" });
    expect(ruling(open, undefined)).to.deep.equal({ kind: "noFault" });
    expect(ruling(other, right, true)).to.deep.equal({ kind: "decided", digest: truth, appeal: "won" });
    expect(ruling(right, right, true)).to.deep.equal({ kind: "decided", digest: truth, appeal: "lost" });
    expect(ruling(right, undefined, true)).to.deep.equal({ kind: "decided", digest: truth, appeal: "lost" });
    expect(ruling(right, open, true)).to.deep.equal({ kind: "decided", digest: truth, appeal: "lost" });
  });
});

describe("Shares of a slash", () => {
  const pay = 1_000_000n;
  const all = { hasChallenger: true, hasHonestMembers: true, pay };

  it("are 10, 15 and 15 percent of what the jurors leave, where that leaves half to the treasury", () => {
    const parts = distributeSlash({ ...all, slash: 300n * pay, jurorsDue: 21n * pay });
    expect(parts.jurors).to.equal(21n * pay);
    expect(parts.requester).to.equal((279n * pay) / 10n);
    expect([parts.challenger, parts.honest]).to.deep.equal([(279n * pay * 15n) / 100n, (279n * pay * 15n) / 100n]);
  });

  it("are at most 50 pays each", () => {
    const { requester, challenger, honest } = distributeSlash({ ...all, slash: 10_000n * pay, jurorsDue: 0n });
    expect([requester, challenger, honest]).to.deep.equal([50n * pay, 50n * pay, 50n * pay]);
  });

  it("shrink together until half is left to the treasury", () => {
    const parts = distributeSlash({ ...all, slash: 100n * pay, jurorsDue: 21n * pay });
    expect(parts.treasury).to.equal(50n * pay);
    expect(parts.challenger * 2n).to.equal(parts.requester * 3n);
  });

  it("sum to the slash, and only jurors take the treasury below half", () => {
    const random = makeRandom(7);
    for (let i = 0; i < 2_000; i++) {
      const slash = random.words(2) >> BigInt(random.below(60));
      const jurorsDue = random.words(2) >> BigInt(random.below(60));
      const parts = distributeSlash({ ...all, slash, jurorsDue, hasChallenger: random.chance(0.5), hasHonestMembers: random.chance(0.5) }); // prettier-ignore
      const shares = parts.requester + parts.challenger + parts.honest;
      expect(parts.jurors + shares + parts.treasury).to.equal(slash);
      if (shares > 0n) expect(parts.treasury * 2n >= slash).to.equal(true);
    }
  });
});
