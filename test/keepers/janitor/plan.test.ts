import { expect } from "chai";
import type { PoolFacts } from "../../../keepers/chain/registry.ts";
import { earningsDue, expiryOf, needsSnapshot } from "../../../keepers/janitor/plan.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { aRequest } from "../requests.ts";

describe("plan of the janitor", () => {
  const schedule = { genesisS: 1_000n, periodS: 3n };
  const request = aRequest();
  const { fields } = request;
  const roundTimeS = timeOf(schedule, fields.round);
  const good = { randomness: 1n, postedAtS: roundTimeS };

  it("refunds for each reason of the contract, from the first second on in which the contract does", () => {
    const base = { request, schedule, isDrawn: true, round: undefined };
    const timeoutS = roundTimeS + fields.beaconTimeoutS;
    expect(expiryOf({ ...base, nowS: timeoutS })).to.equal(undefined);
    expect(expiryOf({ ...base, nowS: timeoutS + 1n })).to.equal("RoundUnknown");
    const early = { randomness: 1n, postedAtS: roundTimeS - fields.beaconDelayS / 2n - 1n };
    expect(expiryOf({ ...base, round: early, nowS: 0n })).to.equal("ClockLagged");
    expect(expiryOf({ ...base, round: { ...early, postedAtS: early.postedAtS + 1n }, nowS: 0n })).to.equal(undefined);
    const late = { randomness: 1n, postedAtS: timeoutS + 1n };
    expect(expiryOf({ ...base, round: late, nowS: 0n })).to.equal("RoundTooLate");
    expect(expiryOf({ ...base, round: good, isDrawn: false, nowS: 0n })).to.equal("CommitteeIncomplete");
    const endS = roundTimeS + fields.windowS + fields.fallbackDelayS + 2n * fields.chainPhaseS + fields.expireDelayS;
    expect(expiryOf({ ...base, round: good, nowS: endS })).to.equal(undefined);
    expect(expiryOf({ ...base, round: good, nowS: endS + 1n })).to.equal("DeadlinePassed");
    const disputed = aRequest({ isDisputed: true });
    expect(expiryOf({ ...base, request: disputed, round: good, nowS: endS + 1n })).to.equal(undefined);
    const judged = { ...disputed, verdict: { digest: 0n, untilS: endS + 9n } };
    expect(expiryOf({ ...base, request: judged, round: good, nowS: endS + 9n })).to.equal(undefined);
    expect(expiryOf({ ...base, request: judged, round: good, nowS: endS + 10n })).to.equal("DeadlinePassed");
    expect(expiryOf({ ...base, request: aRequest({ state: "recorded" }), round: good, nowS: endS + 1n })).to.equal(
      undefined,
    );
  });

  it("publishes old snapshots, changed pools not too often, and never empty pools", () => {
    const snapshot = { snapshotId: 1n, publishedAtS: 1_000n, freshForS: 3_600n, count: 5n };
    const pool: PoolFacts = { taskId: 1n, snapshot, activeSubscribers: 5n, hasChanged: false };
    const rules = { agePerMille: 500n, minIntervalS: 600n, nowS: 1_000n };
    expect(needsSnapshot(pool, { ...rules, nowS: 2_799n })).to.equal(false);
    expect(needsSnapshot(pool, { ...rules, nowS: 2_800n })).to.equal(true);
    expect(needsSnapshot({ ...pool, hasChanged: true }, { ...rules, nowS: 1_599n })).to.equal(false);
    expect(needsSnapshot({ ...pool, hasChanged: true }, { ...rules, nowS: 1_600n })).to.equal(true);
    expect(needsSnapshot({ ...pool, activeSubscribers: 6n }, { ...rules, nowS: 1_600n })).to.equal(true);
    expect(needsSnapshot({ ...pool, snapshot: undefined }, rules)).to.equal(true);
    expect(needsSnapshot({ ...pool, activeSubscribers: 0n }, { ...rules, nowS: 9_999n })).to.equal(false);
  });

  it("withdraws a claim before it claims again", () => {
    const rules = { least: 10n, nowS: 100n };
    expect(earningsDue({ earnings: 10n, claimed: 0n, availableAtS: 0n }, rules)).to.equal("claimEarnings");
    expect(earningsDue({ earnings: 9n, claimed: 0n, availableAtS: 0n }, rules)).to.equal(undefined);
    expect(earningsDue({ earnings: 10n, claimed: 1n, availableAtS: 101n }, rules)).to.equal(undefined);
    expect(earningsDue({ earnings: 10n, claimed: 1n, availableAtS: 100n }, rules)).to.equal("withdrawEarnings");
  });
});
