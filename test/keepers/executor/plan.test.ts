import { expect } from "chai";
import { type Hex, keccak256, toHex } from "viem";
import { commitRootOf } from "../../../sdk/agreement/commit-root.ts";
import { hasBit, indicesOf, isSubset } from "../../../sdk/committee/bitmap.ts";
import {
  equivocators,
  hasQuorum,
  nextStep,
  type Decision,
  type OwnResult,
  type Situation,
  validLeaves,
} from "../../../keepers/executor/plan.ts";
import { exchangeTimesOf, secondRootDelayMs, unionDelayMs } from "../../../keepers/network/exchange-times.ts";
import { seededRandom } from "../executors/fixtures.ts";

const startMs = 1_000_000;
const times = exchangeTimesOf({
  startS: 1_000n,
  commitEndS: 1_060n,
  attestEndS: 1_090n,
  fallbackAtS: 1_120n,
  chainCommitEndS: 1_180n,
  deadlineS: 1_240n,
  expireAtS: 1_840n,
});
const hashes = new Map<string, Hex>();
const hashOf = (text: string): Hex => {
  const hash = hashes.get(text) ?? keccak256(toHex(text));
  hashes.set(text, hash);
  return hash;
};
const leafOf = (nodeId: bigint, number = 0): Hex => hashOf(`${nodeId} ${number}`);
const roots = new Map<string, Hex>();
const rootOf = (leaves: readonly Hex[]): Hex => {
  const root = roots.get(leaves.join()) ?? commitRootOf(leaves);
  roots.set(leaves.join(), root);
  return root;
};
const own: OwnResult = {
  digest: leafOf(99n),
  salt: "0x00",
  leaf: leafOf(1n),
  result: { status: 0n, usage: 1n, output: "0x" },
};
const members = [1n, 2n, 3n, 4n, 5n, 6n, 7n];

const situation = (given: Partial<Situation> = {}): Situation => ({
  nowMs: startMs + 1,
  times,
  members,
  quorum: 5,
  ownNodeId: 1n,
  commits: members.map((nodeId) => ({ nodeId, leaf: leafOf(nodeId) })),
  attestations: [],
  own: { result: own, decisions: [] },
  ...given,
});

const firstOf = (committed: bigint, decidedMs = times.unionAtMs): Decision => ({
  root: 1,
  committed,
  leaves: indicesOf(committed).map((seat) => leafOf(members[seat] ?? 0n)),
  decidedMs,
});

const attestationOf = (nodeId: bigint, { committed, leaves }: Decision, digest = own.digest) => ({
  nodeId,
  digest,
  committed,
  commitRoot: rootOf(leaves),
  leaves: [...leaves],
});

describe("the plan of a committee member", () => {
  it("executes, commits, and waits for the others", () => {
    expect(nextStep(situation({ own: { result: undefined, decisions: [] }, commits: [] })).kind).to.equal("execute");
    expect(nextStep(situation({ commits: [] })).kind).to.equal("commit");
    const waiting = nextStep(situation({ commits: [{ nodeId: 1n, leaf: own.leaf }] }));
    expect(waiting).to.deep.equal({ kind: "wait", untilMs: times.unionAtMs, pull: true });
  });

  it("neither executes nor commits once the window is over", () => {
    const nowMs = times.commitEndMs + 1;
    const absent = { kind: "over", reason: "absent" };
    expect(nextStep(situation({ nowMs, own: { result: undefined, decisions: [] }, commits: [] }))).to.deep.equal(
      absent,
    );
    expect(nextStep(situation({ nowMs, commits: [] }))).to.deep.equal(absent);
    expect(nextStep(situation({ nowMs: nowMs - 1, commits: [] })).kind).to.equal("commit");
  });

  it("attests at once with the commits of all, in draw order", () => {
    const step = nextStep(situation({ commits: situation().commits.toReversed() }));
    expect(step).to.deep.include({ kind: "attest", isEarly: true });
    expect(step).to.have.deep.property("decision", { ...firstOf(0b1111111n), decidedMs: startMs + 1 });
  });

  it("attests with a quorum of commits when the union is due, and not a millisecond before", () => {
    const commits = situation().commits.slice(0, 5);
    expect(nextStep(situation({ commits, nowMs: times.unionAtMs - 1 })).kind).to.equal("wait");
    expect(nextStep(situation({ commits, nowMs: times.unionAtMs }))).to.deep.equal({
      kind: "attest",
      isEarly: false,
      decision: firstOf(0b0011111n),
    });
    expect(nextStep(situation({ commits: commits.slice(0, 4), nowMs: times.unionAtMs })).kind).to.equal("wait");
  });

  it("leaves out whoever signed two leaves", () => {
    const commits = [...situation().commits, { nodeId: 3n, leaf: leafOf(3n, 1) }];
    expect(nextStep(situation({ commits })).kind).to.equal("wait");
    const step = nextStep(situation({ commits, nowMs: times.unionAtMs }));
    expect(step).to.have.deep.property("decision", firstOf(0b1111011n));
  });

  it("signs a second root without those not heard, ten seconds after all could have attested", () => {
    const first = firstOf(0b1111111n, startMs + 5_000);
    const other = firstOf(0b0111111n);
    const attestations = [attestationOf(1n, first), ...[2n, 3n, 4n, 5n].map((nodeId) => attestationOf(nodeId, other))];
    const given = { attestations, own: { result: own, decisions: [first] } };
    const dueMs = times.unionAtMs + secondRootDelayMs;
    expect(nextStep(situation({ ...given, nowMs: dueMs - 1 }))).to.deep.equal({
      kind: "wait",
      untilMs: dueMs,
      pull: true,
    });
    const step = nextStep(situation({ ...given, nowMs: dueMs }));
    expect(step).to.have.deep.property("decision", { ...firstOf(0b0011111n, dueMs), root: 2 });
  });

  it("never signs a third root, nor a second one that drops nobody or falls below the quorum", () => {
    const first = firstOf(0b1111111n);
    const nowMs = times.unionAtMs + secondRootDelayMs;
    const heard = members.map((nodeId, index) =>
      attestationOf(nodeId, firstOf(0b1111111n), index % 2 === 0 ? own.digest : leafOf(50n)),
    );
    expect(nextStep(situation({ nowMs, attestations: heard, own: { result: own, decisions: [first] } })).kind).to.equal(
      "wait",
    );
    const few = heard.slice(0, 4);
    expect(nextStep(situation({ nowMs, attestations: few, own: { result: own, decisions: [first] } })).kind).to.equal(
      "wait",
    );
    const second = { ...firstOf(0b0011111n), root: 2 as const };
    const decisions = [first, second];
    expect(
      nextStep(situation({ nowMs, attestations: heard.slice(0, 5), own: { result: own, decisions } })).kind,
    ).to.equal("wait");
  });

  it("is over with a quorum on one root, or at the deadline", () => {
    const first = firstOf(0b1111111n);
    const attestations = members.slice(0, 5).map((nodeId) => attestationOf(nodeId, first));
    const given = { own: { result: own, decisions: [first] }, attestations };
    expect(nextStep(situation(given))).to.deep.equal({ kind: "over", reason: "agreed" });
    expect(nextStep(situation({ ...given, attestations: attestations.slice(1) })).kind).to.equal("wait");
    expect(nextStep(situation({ ...given, nowMs: times.deadlineMs + 1 })).kind).to.equal("over");
  });

  it("joins a quorum on another root that counts it, once", () => {
    const first = firstOf(0b1111111n);
    const part = firstOf(0b0111111n);
    const agreeing = (root: Decision) => [2n, 3n, 4n, 5n, 6n].map((nodeId) => attestationOf(nodeId, root));
    const given = (decisions: readonly Decision[], root: Decision) =>
      situation({ nowMs: times.unionAtMs + 1, own: { result: own, decisions }, attestations: agreeing(root) });
    const joined = { ...part, root: 2 as const, decidedMs: times.unionAtMs + 1 };
    expect(nextStep(given([first], part))).to.deep.equal({ kind: "attest", decision: joined, isEarly: false });
    const agreed = { kind: "over", reason: "agreed" };
    expect(nextStep(given([first, joined], part))).to.deep.equal(agreed);
    const whole = { ...first, root: 2 as const, decidedMs: times.unionAtMs + 1 };
    expect(nextStep(given([part], first))).to.deep.equal({ kind: "attest", decision: whole, isEarly: false });
    expect(nextStep(given([first], firstOf(0b0111110n)))).to.deep.equal(agreed); // without this node
    const forged = { ...part, leaves: part.leaves.map(() => leafOf(9n)) };
    expect(nextStep(given([first], forged))).to.deep.equal(agreed); // other leaves under the same bits
    const twin = { ...first, leaves: [...first.leaves.slice(0, -1), leafOf(7n, 1)] }; // one showed each side another leaf
    const taken = { ...twin, root: 2 as const, decidedMs: times.unionAtMs + 1 };
    expect(nextStep(given([first], twin))).to.deep.equal({ kind: "attest", decision: taken, isEarly: false });
    const other = { ...own, digest: leafOf(98n) };
    const differing = { ...given([first], part), own: { result: other, decisions: [first] } };
    expect(nextStep(differing)).to.deep.equal(agreed);
  });

  it("counts a quorum by node, digest and root, and a node once", () => {
    const [a, b] = [firstOf(0b1111111n), firstOf(0b0111111n)];
    const split = [1n, 2n, 3n]
      .map((nodeId) => attestationOf(nodeId, a))
      .concat([4n, 5n].map((nodeId) => attestationOf(nodeId, b)));
    expect(hasQuorum({ quorum: 5, attestations: split })).to.equal(false);
    const repeated = [1n, 1n, 1n, 1n, 1n].map((nodeId) => attestationOf(nodeId, a));
    expect(hasQuorum({ quorum: 5, attestations: repeated })).to.equal(false);
    const digests = [1n, 2n, 3n, 4n].map((nodeId) => attestationOf(nodeId, a)).concat(attestationOf(5n, a, leafOf(7n)));
    expect(hasQuorum({ quorum: 5, attestations: digests })).to.equal(false);
  });

  it("in 20,000 random situations never reveals early, never counts a void leaf, never signs more than it may", function () {
    this.timeout(20_000);
    const random = seededRandom(7);
    const pick = (below: number): number => random() % below;
    const counts = { early: 0, union: 0, second: 0, joining: 0 };
    for (let run = 0; run < 20_000; run++) {
      const given = randomSituation(pick);
      const step = nextStep(given);
      if (step.kind !== "attest") continue;
      const { decision } = step;
      const valid = validLeaves(given.commits);
      const seats = indicesOf(decision.committed);
      if (!hasQuorum(given)) expect(seats.length).to.be.at.least(given.quorum);
      expect(hasBit(decision.committed, given.members.indexOf(1n))).to.equal(true);
      expect(decision.leaves).to.have.length(seats.length);
      if (decision.root === 1) {
        expect(given.own.decisions).to.have.length(0);
        const isComplete = seats.length === given.members.length;
        expect(isComplete || given.nowMs >= times.commitEndMs + unionDelayMs).to.equal(true);
        expect(decision.leaves).to.deep.equal(seats.map((seat) => valid.get(given.members[seat] ?? 0n)));
        counts[step.isEarly ? "early" : "union"]++;
      } else {
        const [first] = given.own.decisions;
        if (first === undefined) throw new Error("a second root without a first");
        expect(given.own.decisions).to.have.length(1);
        expect(decision.committed).to.not.equal(first.committed);
        expect(decision.leaves).to.include(own.leaf);
        if (hasQuorum(given)) {
          const same = given.attestations.filter(({ commitRoot }) => commitRoot === rootOf(decision.leaves));
          expect(new Set(same.map(({ nodeId }) => nodeId)).size).to.be.at.least(given.quorum);
          counts.joining++;
        } else {
          expect(isSubset(decision.committed, first.committed)).to.equal(true);
          expect(first.leaves).to.include.members([...decision.leaves]);
          expect(given.nowMs).to.be.at.least(first.decidedMs + secondRootDelayMs);
          counts.second++;
        }
      }
      for (const seat of seats)
        if (decision.root === 1) expect(equivocators(given.commits).has(given.members[seat] ?? 0n)).to.equal(false);
    }
    for (const [kind, count] of Object.entries(counts)) expect(count, kind).to.be.greaterThan(100);
  });
});

function randomSituation(pick: (below: number) => number): Situation {
  const k = 1 + pick(7);
  const drawn = members.slice(0, k);
  const quorum = Math.floor(k / 2) + 1 + pick(k - Math.floor(k / 2));
  const moments = [
    times.startMs,
    times.commitEndMs,
    times.unionAtMs - 1,
    times.unionAtMs,
    times.unionAtMs + 12_000,
    times.deadlineMs,
  ];
  const nowMs = (moments[pick(moments.length)] ?? 0) + pick(3) - 1;
  const chance = 2 + pick(8);
  const commits = drawn
    .filter((nodeId) => nodeId === 1n || pick(chance) > 0)
    .flatMap((nodeId) => {
      const leaf = nodeId === 1n ? own.leaf : leafOf(nodeId);
      return nodeId !== 1n && pick(12) === 0
        ? [
            { nodeId, leaf },
            { nodeId, leaf: leafOf(nodeId, 1) },
          ]
        : [{ nodeId, leaf }];
    });
  const bits = drawn.reduce(
    (bitmap, nodeId, seat) => (nodeId === 1n || pick(8) > 0 ? bitmap | (1n << BigInt(seat)) : bitmap),
    0n,
  );
  const first = firstOf(bits, times.unionAtMs - pick(20_000));
  const decisions = [[], [], [first], [first], [first, { ...first, root: 2 as const }]][pick(5)] ?? [];
  const part = firstOf(bits & ~(1n << BigInt(k === 1 ? 1 : k - 1)));
  const offered = [first, firstOf((1n << BigInt(k)) - 1n), firstOf(1n), part];
  const common = pick(2) === 0 ? offered[pick(offered.length)] : undefined;
  const attestations =
    decisions.length === 0
      ? []
      : drawn.flatMap((nodeId) => {
          const root = common ?? offered[pick(offered.length)];
          return root === undefined || pick(5) === 0
            ? []
            : [attestationOf(nodeId, root, pick(6) === 0 ? leafOf(60n) : own.digest)];
        });
  return {
    nowMs,
    times,
    members: drawn,
    quorum,
    ownNodeId: 1n,
    commits,
    attestations,
    own: { result: own, decisions },
  };
}
