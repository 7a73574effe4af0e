import { expect } from "chai";
import { type Hex, numberToHex } from "viem";
import { type FallbackFacts, nextFallbackStep } from "../../../keepers/fallback/plan.ts";

const timeline = {
  startS: 0n,
  commitEndS: 40n,
  attestEndS: 70n,
  fallbackAtS: 100n,
  chainCommitEndS: 160n,
  deadlineS: 220n,
  expireAtS: 820n,
};
const leafOf = (name: string): Hex => `0x${name.repeat(32)}`;
const [digest, mine, theirs] = [leafOf("dd"), leafOf("11"), leafOf("22")];
const word = (nodeId: bigint): Hex => numberToHex(nodeId, { size: 32 });
const signed = [word(7n), mine, word(8n), theirs];
const nothing: FallbackFacts["chain"] = { committed: new Map(), shown: [], revealed: new Map() };
const facts: FallbackFacts = {
  nowS: 100n,
  timeline,
  members: [7n, 8n, 9n],
  quorum: 2,
  ownNodeId: 7n,
  own: { digest, leaf: mine },
  attested: [],
  hasQuorum: false,
  chain: nothing,
};
const stepWith = (changes: Partial<Omit<FallbackFacts, "chain">>, chain: Partial<FallbackFacts["chain"]> = {}) =>
  nextFallbackStep({ ...facts, ...changes, chain: { ...nothing, ...chain } });

describe("plan of the fallback", () => {
  it("commits from the first second of the phase to its last, once, and not where a quorum attested", () => {
    expect(stepWith({ nowS: 99n })).to.equal(undefined);
    for (const nowS of [100n, 160n]) expect(stepWith({ nowS })).to.deep.equal({ kind: "commit", leaf: mine });
    expect(stepWith({ nowS: 161n })).to.equal(undefined);
    expect(stepWith({ hasQuorum: true })).to.equal(undefined);
    expect(stepWith({}, { committed: new Map([[7n, mine]]) })).to.equal(undefined);
    expect(stepWith({}, { committed: new Map([[8n, theirs]]) })).to.deep.equal({ kind: "commit", leaf: mine });
  });

  it("commits to nothing without a result, and reveals nothing afterwards", () => {
    const own = undefined;
    expect(stepWith({ own })).to.deep.equal({ kind: "commit", leaf: undefined });
    expect(stepWith({ own, nowS: 161n }, { committed: new Map([[7n, theirs]]) })).to.equal(undefined);
  });

  it("shows its attestation first, unless two members have, and then needs no commit where another showed its leaf", () => {
    const attested = [[mine, theirs]];
    const by = (...nodeIds: bigint[]) => nodeIds.map((nodeId) => ({ nodeId, signed }));
    expect(stepWith({ attested })).to.deep.equal({ kind: "show", leaves: [mine, theirs] });
    expect(stepWith({ attested }, { shown: by(8n) })).to.deep.equal({ kind: "show", leaves: [mine, theirs] });
    expect(stepWith({ attested }, { shown: by(7n) })).to.deep.equal({ kind: "commit", leaf: mine });
    expect(stepWith({ attested }, { shown: by(8n, 9n) })).to.equal(undefined);
    const other = [{ nodeId: 8n, signed: [word(8n), theirs] }];
    expect(stepWith({ attested }, { shown: other })).to.deep.equal({ kind: "show", leaves: [mine, theirs] });
  });

  it("reveals what it committed to, under another member's root where there is one", () => {
    const committed = new Map([[7n, mine]]);
    const shown = [{ nodeId: 8n, signed }];
    const nowS = 161n;
    expect(stepWith({ nowS }, { committed })).to.deep.equal({ kind: "reveal", signed: [] });
    expect(stepWith({ nowS: 220n }, { committed })).to.deep.equal({ kind: "reveal", signed: [] });
    expect(stepWith({ nowS: 221n }, { committed })).to.equal(undefined);
    expect(stepWith({ nowS }, { shown })).to.deep.equal({ kind: "reveal", signed });
    expect(stepWith({ nowS }, { shown: [{ nodeId: 7n, signed }] })).to.equal(undefined); // its own root
    expect(stepWith({ nowS }, { committed: new Map([[7n, theirs]]) })).to.equal(undefined);
    const uncounted = new Map([[7n, { digest, isCounted: false }]]);
    expect(stepWith({ nowS }, { committed, revealed: uncounted })).to.equal(undefined);
    expect(stepWith({ nowS }, { committed, shown, revealed: uncounted })?.kind).to.equal("reveal");
    const counted = new Map([[7n, { digest, isCounted: true }]]);
    expect(stepWith({ nowS }, { committed, shown, revealed: counted })).to.equal(undefined);
  });

  it("settles in its turn once a quorum is counted and the phase over, or at once when all are", () => {
    const one = { digest, isCounted: true };
    const two = new Map([7n, 8n].map((nodeId) => [nodeId, one] as const));
    const settle = { kind: "settle", seats: [0, 1] };
    expect(stepWith({ nowS: 220n }, { revealed: two })).to.equal(undefined);
    expect(stepWith({ nowS: 221n }, { revealed: two })).to.deep.equal(settle);
    expect(stepWith({ nowS: 232n }, { revealed: two })).to.equal(undefined); // the next member's turn
    expect(stepWith({ nowS: 256n }, { revealed: two })).to.deep.equal(settle); // open to all
    expect(stepWith({ nowS: 221n }, { revealed: new Map([[7n, one]]) })).to.equal(undefined);
    const split = new Map([
      [7n, one],
      [8n, { digest: theirs, isCounted: true }],
      [9n, { digest, isCounted: false }],
    ]);
    expect(stepWith({ nowS: 221n }, { revealed: split })).to.equal(undefined);
    const all = new Map([7n, 8n, 9n].map((nodeId) => [nodeId, one] as const));
    expect(stepWith({ nowS: 170n }, { revealed: all })).to.deep.equal({ kind: "settle", seats: [0, 1, 2] });
  });
});
