import { expect } from "chai";
import { overOf, type OverFacts, committeeWaitS, isOnCredit, maxRoundsOnCredit } from "../../../keepers/signed/over.ts";
import type { Committee } from "../../../keepers/network/committees.ts";
import { timelineOf } from "../../../sdk/time/timeline.ts";

const dueS = 1_000n;
const timeline = timelineOf({ windowS: 30n, fallbackDelayS: 30n, chainPhaseS: 7n, expireDelayS: 60n }, dueS, dueS + 5n);
const members = [3n, 4n].map((nodeId) => ({ nodeId, ask: 5n }));
const committee = { level: 0n, earlier: [], members, quorum: 2, timeline } as unknown as Committee; // its request is not looked at
const drawn: OverFacts = {
  ...{ found: { committee }, dueS, nowS: timeline.commitEndS + 1n },
  ...{ ownNodeId: 4n, isGiven: false, hasInput: false },
};
const undrawn: OverFacts = { ...drawn, found: { missing: "RoundUnknown" }, nowS: dueS + committeeWaitS + 1n };

describe("the end of a signed request", () => {
  it("comes soon where nobody with the input posted the round, and its requester is to blame", () => {
    expect(overOf(undrawn)?.isBad).to.equal(true);
    expect(overOf({ ...undrawn, found: { missing: "RoundRefused" } })?.isBad).to.equal(true);
    expect(overOf({ ...undrawn, hasInput: true })?.isBad).to.equal(true); // another request's, the same
    expect(overOf({ ...undrawn, nowS: dueS + committeeWaitS })).to.equal(undefined);
    expect(overOf({ ...undrawn, isGiven: true })).to.equal(undefined); // this node posts it, however late
  });

  it("comes at the end of commits where a member never got the input, and its requester is to blame", () => {
    expect(overOf(drawn)?.isBad).to.equal(true);
    expect(overOf({ ...drawn, nowS: timeline.commitEndS })).to.equal(undefined);
    expect(overOf({ ...drawn, hasInput: true })).to.equal(undefined);
    expect(overOf({ ...drawn, isGiven: true })).to.equal(undefined);
    for (const ownNodeId of [9n, undefined]) expect(overOf({ ...drawn, ownNodeId })).to.equal(undefined);
  });

  it("comes for everybody when it cannot settle any more, and nobody is to blame", () => {
    const late = { ...drawn, isGiven: true, nowS: timeline.deadlineS + 61n };
    for (const one of [late, { ...late, ownNodeId: 9n, isGiven: false }]) expect(overOf(one)?.isBad).to.equal(false);
    expect(overOf({ ...late, nowS: timeline.deadlineS + 60n })).to.equal(undefined);
  });
});

describe("rounds on credit", () => {
  it("are counted, not requests", () => {
    const unpaid = Array.from({ length: maxRoundsOnCredit }, (_, i) => ({ fields: { round: BigInt(i) } }));
    expect(isOnCredit(unpaid, 99n)).to.equal(false);
    expect(isOnCredit([...unpaid, ...unpaid], 3n)).to.equal(true);
    expect(isOnCredit(unpaid.slice(1), 99n)).to.equal(true);
  });
});
