import { expect } from "chai";
import type { Hex } from "viem";
import type { RequestSummary } from "../../../keepers/chain/requests.ts";
import { batchesOf, type Candidate, isBlocked, planSettler, type SettlerRules } from "../../../keepers/settler/plan.ts";
import { fingerprintOf } from "../../../sdk/agreement/fingerprint.ts";
import { timelineOf } from "../../../sdk/time/timeline.ts";
import { aRequest } from "../requests.ts";

const rules: SettlerRules = {
  nowS: 1_000n,
  turnS: 12n,
  minTip: 0n,
  retryMs: 1_000,
  finalize: true,
  retryCallbacks: true,
};

const candidate = (changes: Partial<Candidate> = {}, request: Partial<RequestSummary> = {}): Candidate => {
  const base = aRequest(request);
  const timeline = timelineOf(base.fields, 1_000n, 1_000n);
  return { request: base, timeline, seat: 0, isWaiting: false, retries: 0, ...changes };
};

const dueAt = (one: Candidate, changes: Partial<SettlerRules> = {}): string =>
  planSettler([one], { ...rules, ...changes })
    .map(({ due }) => due)
    .join();

describe("plan of the settler", () => {
  it("settles in its own turn and in the open one, and in no other", () => {
    const turns = Array.from({ length: 12 }, (_, turn) => BigInt(turn));
    const mine = turns.filter((turn) => dueAt(candidate({ seat: 2 }), { nowS: 1_000n + turn * 12n }) === "settle");
    expect(mine).to.deep.equal([2n, 5n, 8n, 11n]); // k = 5: turn 5 is open to all, then they go round
    const outsiders = turns.filter(
      (turn) => dueAt(candidate({ seat: -1 }), { nowS: 1_000n + turn * 12n }) === "settle",
    );
    expect(outsiders).to.deep.equal([5n, 11n]);
  });

  it("does not settle before the draw, while waiting, or after the deadline", () => {
    const { timeline } = candidate();
    expect(dueAt(candidate({ timeline: undefined }))).to.equal("");
    expect(dueAt(candidate({ isWaiting: true }))).to.equal("");
    const lastS = timeline?.deadlineS ?? 0n;
    expect(dueAt(candidate(), { nowS: lastS, turnS: 100_000n })).to.equal("");
    expect(dueAt(candidate(), { nowS: lastS - 1n, turnS: 100_000n })).to.equal("settle");
  });

  it("has the time that a dispute gave, and settles what its verdict names", () => {
    const { timeline } = candidate();
    const lastS = timeline?.deadlineS ?? 0n;
    const digests = [5n, 6n].map((last): Hex => `0x${last.toString().padStart(64, "0")}`);
    const verdict = { digest: fingerprintOf(digests[0] ?? "0x"), untilS: lastS + 100n };
    const judged = candidate({}, { verdict, isDisputed: true });
    expect(dueAt(judged, { nowS: lastS + 99n, turnS: 100_000n })).to.equal("settle");
    expect(dueAt(judged, { nowS: lastS + 100n, turnS: 100_000n })).to.equal("");
    expect(digests.map((digest) => isBlocked(judged.request, digest))).to.deep.equal([false, true]);
    const anyone = { ...judged.request, verdict: { ...verdict, digest: 0n } };
    expect(digests.map((digest) => isBlocked(anyone, digest))).to.deep.equal([false, false]);
    const undecided = { ...judged.request, verdict: undefined };
    expect(digests.map((digest) => isBlocked(undecided, digest))).to.deep.equal([true, true]);
  });

  it("leaves requests of others with too small a tip alone, and serves its own at any tip", () => {
    const open = { nowS: 1_000n + 5n * 12n, minTip: 100_001n };
    expect(dueAt(candidate({ seat: -1 }), open)).to.equal("");
    expect(dueAt(candidate({ seat: 1 }), open)).to.equal("settle");
  });

  it("finalises after the window, never while a dispute goes on or that is switched off", () => {
    const digest: Hex = `0x${"11".repeat(32)}`;
    const outcome = { digest, head: 0n, transactionHash: digest, callbackFailed: false, finalizeAfterS: 2_000n };
    const recorded = candidate({ seat: 0 }, { state: "recorded", outcome });
    expect(dueAt(recorded, { nowS: 2_000n })).to.equal("");
    expect(dueAt(recorded, { nowS: 2_001n })).to.equal("finalize");
    expect(dueAt(recorded, { nowS: 2_001n, finalize: false })).to.equal("");
    const disputed = candidate({ seat: 0 }, { state: "recorded", outcome, isDisputed: true });
    expect(dueAt(disputed, { nowS: 200_001n, turnS: 1_000_000n })).to.equal("");
    const upheld = { digest: fingerprintOf(digest), untilS: 2_100n };
    const judged = candidate({ seat: 0 }, { state: "recorded", outcome, isDisputed: true, verdict: upheld });
    expect(dueAt(judged, { nowS: 2_200n, turnS: 1_000_000n })).to.equal("finalize");
  });

  it("tries a failed callback again at once, then after waits that double", () => {
    const failed = (retries: number) =>
      candidate({ seat: 0, retries }, { state: "settled", callbackFailedMs: 5_000_000 });
    const waits = [0, 1, 2, 3, 10].map((retries) => {
      const found = Array.from({ length: 2_000 }, (_, i) => i).find(
        (s) => dueAt(failed(retries), { nowS: 5_000n + BigInt(s), turnS: 1_000_000n }) === "retryCallback",
      );
      return found;
    });
    expect(waits).to.deep.equal([0, 1, 3, 7, 1_023]);
  });

  it("fills batches up to both bounds, and gives an oversized item one of its own", () => {
    const items = [4n, 4n, 4n, 20n, 1n, 1n, 1n, 1n].map((gas) => ({ requestId: "0x" as Hex, gas }));
    const gases = batchesOf(items, 3, 10n).map((batch) => batch.map(({ gas }) => Number(gas)));
    expect(gases).to.deep.equal([[4, 4], [4], [20], [1, 1, 1], [1]]);
  });
});
