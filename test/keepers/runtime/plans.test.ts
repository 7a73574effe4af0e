import { expect } from "chai";
import { encodeErrorResult, type Hex, parseAbi } from "viem";
import { firstFees, marketFees, replacementFees, sendCap, stepUp } from "../../../keepers/runtime/fees.ts";
import { describeRevert } from "../../../keepers/runtime/reverts.ts";
import { type ChainView, planInclusion, planSend } from "../../../keepers/runtime/tx-plan.ts";
import { type Attempt, defaultTxPolicy, type OutboxRow } from "../../../keepers/runtime/tx-types.ts";
import { seeded } from "./proxy.ts";

const policy = { ...defaultTxPolicy, confirmations: 3, maxFeePerGasCap: 1_000_000n };
const market = { baseFeePerGas: 1_000n, priorityFeePerGas: 100n };
const view: ChainView = { head: 100n, nonce: 5, settledNonce: 4, market };
const row: OutboxRow = {
  id: 1,
  generation: 1,
  revision: 1,
  subject: "1",
  action: "a",
  target: "0x",
  data: "0x",
  value: 0n,
  gas: undefined,
  reserveGas: undefined,
  gasLimit: 50_000n,
  deadlineS: undefined,
  retryAfterMs: undefined,
  state: "sending",
  final: false,
  reason: undefined,
  retryAtMs: undefined,
  cancelReason: undefined,
  lostMs: undefined,
  nonce: 5,
  txHash: undefined,
  block: undefined,
  blockHash: undefined,
};
const attempt: Attempt = {
  id: 1,
  kind: "send",
  nonce: 5,
  hash: "0x01",
  raw: "0x",
  underpriced: false,
  createdMs: 0,
  sentMs: 0,
  maxFeePerGas: 2_100n,
  maxPriorityFeePerGas: 100n,
};
const at = (nowMs: number, isRestart = false) => ({ nowMs, isRestart });

describe("fees", function () {
  this.timeout(60_000);
  it("raise both fees by an eighth or more and never pass the cap", () => {
    const random = seeded(1);
    for (let i = 0; i < 10_000; i++) {
      const big = (bits: number): bigint => BigInt(Math.floor(random() * 2 ** Math.floor(random() * bits)));
      const [cap, priority] = [big(50) + 1n, big(40)];
      const last = { maxFeePerGas: priority + big(45), maxPriorityFeePerGas: priority };
      const fees = replacementFees(last, { baseFeePerGas: big(40), priorityFeePerGas: big(40) }, cap);
      const first = firstFees({ baseFeePerGas: big(40), priorityFeePerGas: big(40) }, cap);
      for (const one of [fees, first]) {
        if (one === undefined) continue;
        expect(one.maxFeePerGas <= cap && one.maxPriorityFeePerGas <= one.maxFeePerGas).to.equal(true);
      }
      if (fees === undefined) continue;
      expect(fees.maxFeePerGas * 8n >= last.maxFeePerGas * 9n && fees.maxFeePerGas > last.maxFeePerGas).to.equal(true);
      expect(fees.maxPriorityFeePerGas * 8n >= last.maxPriorityFeePerGas * 9n).to.equal(true);
    }
  });

  it("keep one step below the cap for a cancellation", () => {
    for (const cap of [10n, 1_000n, 123_457n, 500_000_000_000n])
      expect(stepUp(sendCap(cap)) <= cap, String(cap)).to.equal(true);
    expect(
      firstFees({ baseFeePerGas: 11n, priorityFeePerGas: 1n }, 10n),
      "waits while the base fee is above the cap",
    ).to.equal(undefined);
    expect(marketFees(market)).to.deep.equal({ maxFeePerGas: 2_100n, maxPriorityFeePerGas: 100n });
  });
});

describe("transaction plan", function () {
  this.timeout(60_000);
  const receipt = { hash: "0x01" as Hex, succeeded: true, block: 98n, blockHash: "0x02" as Hex };

  it("calls an outcome final exactly at the confirmations", () => {
    const finalAt = (block: bigint): unknown =>
      planInclusion(row, { attempt, receipt: { ...receipt, block } }, view, policy, 0);
    expect(finalAt(98n)).to.include({ change: "included", final: true });
    expect(finalAt(99n)).to.include({ change: "included", final: false });
    expect(finalAt(101n), "a block above the head that was seen").to.include({ final: false });
  });

  it("notices dropped transactions, and gives up a nonce only when it is used for good and long enough", () => {
    const change = (changes: Partial<OutboxRow>, nowMs = 0): string =>
      planInclusion({ ...row, ...changes }, undefined, view, policy, nowMs).change;
    expect(change({ state: "mined" })).to.equal("dropped");
    expect(change({})).to.equal("none");
    expect(change({ nonce: 4 }), "used, but not deep enough").to.equal("none");
    expect(change({ nonce: 3 })).to.equal("suspect");
    expect(change({ nonce: 3, lostMs: 0 }, policy.displacedAfterMs - 1)).to.equal("none");
    expect(change({ nonce: 3, lostMs: 0 }, policy.displacedAfterMs)).to.equal("displaced");
    expect(change({ nonce: 4, lostMs: 0 }, policy.displacedAfterMs)).to.equal("cleared");
  });

  it("replaces only the first in line, sends the others again, and leaves used nonces alone", () => {
    const late = policy.replaceAfterMs;
    expect(planSend(row, [], view, policy, at(0))).to.include({ due: "sign", kind: "send" });
    expect(planSend(row, [attempt], view, policy, at(1))).to.deep.equal({ due: "nothing" });
    expect(planSend(row, [attempt], view, policy, at(late))).to.include({ due: "sign", kind: "send" });
    expect(planSend({ ...row, nonce: 6 }, [attempt], view, policy, at(late))).to.deep.equal({
      due: "broadcast",
      attempt,
    });
    expect(planSend({ ...row, nonce: 4 }, [attempt], view, policy, at(late))).to.deep.equal({ due: "nothing" });
    expect(planSend(row, [attempt], view, policy, at(1, true)), "after a restart").to.deep.equal({
      due: "broadcast",
      attempt,
    });
    const unsent = { ...attempt, sentMs: undefined };
    expect(planSend(row, [unsent], view, policy, at(1))).to.deep.equal({ due: "broadcast", attempt: unsent });
    expect(planSend(row, [{ ...attempt, underpriced: true }], view, policy, at(1))).to.include({ due: "sign" });
  });

  it("cancels with higher fees once obsolete, even where an ordinary replacement has reached its cap", () => {
    const capped = { ...attempt, maxFeePerGas: sendCap(policy.maxFeePerGasCap) };
    const late = policy.replaceAfterMs;
    expect(planSend(row, [capped], view, policy, at(late)).due).to.equal("broadcast");
    expect(planSend({ ...row, cancelReason: "x" }, [capped], view, policy, at(1))).to.include({
      due: "sign",
      kind: "cancel",
    });
    expect(planSend({ ...row, deadlineS: 1 }, [attempt], view, policy, at(999)).due).to.equal("nothing");
    expect(planSend({ ...row, deadlineS: 1 }, [attempt], view, policy, at(1_000))).to.include({
      due: "sign",
      kind: "cancel",
    });
    expect(planSend({ ...row, cancelReason: "x" }, [], view, policy, at(1))).to.include({
      due: "sign",
      kind: "cancel",
    });
  });
});

describe("revert reasons", function () {
  this.timeout(60_000);
  const abi = parseAbi([
    "error SlotBusy(bytes32 slot)",
    "error NotOwner()",
    "error Pair((uint256 a, address b) p, uint256[] list)",
  ]);

  it("become one sentence", () => {
    const slot = `0x${"00".repeat(31)}04` as Hex;
    expect(describeRevert(encodeErrorResult({ abi, errorName: "SlotBusy", args: [slot] }), [abi])).to.equal(
      `SlotBusy: slot busy (slot = ${slot})`,
    );
    expect(describeRevert(encodeErrorResult({ abi, errorName: "NotOwner" }), [[], abi])).to.equal(
      "NotOwner: not owner",
    );
    const pair = encodeErrorResult({ abi, errorName: "Pair", args: [{ a: 1n, b: `0x${"11".repeat(20)}` }, [2n]] });
    expect(describeRevert(pair, [abi])).to.match(/^Pair: pair \(p = \{"a":"1".*list = \["2"\]\)$/);
    const solidity = parseAbi(["error Error(string)", "error Panic(uint256)"]);
    expect(describeRevert(encodeErrorResult({ abi: solidity, errorName: "Error", args: ["no"] }))).to.equal(
      "reverted: no",
    );
    expect(describeRevert(encodeErrorResult({ abi: solidity, errorName: "Panic", args: [17n] }))).to.equal(
      "reverted: arithmetic overflowed",
    );
    expect(describeRevert("0x")).to.equal("reverted without a reason");
    expect(describeRevert("0xdeadbeef00", [abi])).to.equal("reverted with unknown error 0xdeadbeef");
    expect(describeRevert("0x12", [abi])).to.equal("reverted with unknown error 0x12");
  });
});
