import { expect } from "chai";
import { type Address, concat, decodeFunctionData, encodeFunctionData, type Hex, numberToHex, size, slice } from "viem";
import { requestEscrowAbi } from "../../../sdk/abi/request-escrow.ts";
import type { Settlement } from "../../../sdk/agreement/settlement.ts";
import { settlementDigest } from "../../../sdk/agreement/settlement-digest.ts";
import { encodeHead, decodeHead } from "../../../sdk/words/head.ts";
import { decodeRequest, encodeRequest } from "../../../sdk/words/request.ts";
import { escrowCall } from "../../../keepers/job.ts";
import { pastSettlement, type SentTransaction } from "../../../keepers/settler/past-settlement.ts";
import { times } from "../../sdk/harness.ts";
import { makeFuzz, type Random } from "../../helpers/random.ts";
import { randomRequest } from "../../sdk/random-request.ts";

const escrow: Address = `0x${"e5".repeat(20)}`;
const sender: Address = `0x${"5e".repeat(20)}`;
const cases = 300;
const megabyte = 1_000_000;

const sent = (input: Hex): SentTransaction => ({ from: sender, to: escrow, input });
const word = (value: number | bigint): Hex => numberToHex(BigInt.asUintN(256, BigInt(value)), { size: 32 });
const zeros = (bytes: number): Hex => `0x${"00".repeat(bytes)}`;
const padded = (bytes: Hex): Hex => concat([word(size(bytes)), bytes, zeros((32 - (size(bytes) % 32)) % 32)]);
const settleSelector = slice(
  encodeFunctionData({ abi: requestEscrowAbi, functionName: "settle", args: [[], []] }),
  0,
  4,
);
const multicallSelector = slice(
  encodeFunctionData({ abi: requestEscrowAbi, functionName: "multicall", args: [[]] }),
  0,
  4,
);

/** A settlement that the escrow could take, as far as its output goes. */
function randomSettlement(random: Random): Settlement {
  const request = encodeRequest({ ...randomRequest(random), flags: 0n, maxOutputBytes: random.within(0n, 300n) });
  const status = random.pick([0n, 1n, 2n]);
  const length =
    status === 1n ? 32 : status === 0n ? random.below(Number(decodeRequest(request).maxOutputBytes) + 1) : 0;
  const head = encodeHead({ status, usage: random.bits(64), committed: random.bits(32), attested: random.bits(32) });
  return { request, head, proof: random.bytes(random.below(300)), output: random.bytes(length) };
}

/** The request as the chain shows it once the settlement is taken. `settler`: of a recorded result. */
function summaryOf({ request, head, output }: Settlement, settler?: Address) {
  const digest = settlementDigest(decodeRequest(request), { ...decodeHead(head), output }) ?? "0x";
  const outcome = { digest, head, transactionHash: "0x", callbackFailed: false } as const;
  return { words: request, outcome: settler === undefined ? outcome : { ...outcome, settler } };
}

function randomCall(random: Random, items: readonly Settlement[], depth = 0): Hex {
  const [first] = items;
  if (depth < 3 && random.below(3) === 0) {
    const calls = times(random.below(3) + 1, () => randomCall(random, items, depth + 1));
    return escrowCall({ functionName: "multicall", args: [calls] });
  }
  const kind = first === undefined ? "settle" : random.pick(["settle", "settleRevealed", "finalize", "retryCallback"]);
  if (first === undefined || kind === "settle") return escrowCall({ functionName: "settle", args: [[...items], []] });
  if (kind === "settleRevealed") return escrowCall({ functionName: "settleRevealed", args: [first] });
  if (kind === "retryCallback") return escrowCall({ functionName: "retryCallback", args: [first] });
  return escrowCall({ functionName: "finalize", args: [first, random.bytes(20)] });
}

/** What viem's decoder finds, copying everything. */
function decoded(data: Hex): readonly { settlement: Settlement; settler: string }[] {
  const call = decodeFunctionData({ abi: requestEscrowAbi, data });
  if (call.functionName === "multicall") return call.args[0].flatMap(decoded);
  if (call.functionName === "settle") return call.args[0].map((settlement) => ({ settlement, settler: sender }));
  if (call.functionName === "settleRevealed" || call.functionName === "retryCallback")
    return [{ settlement: call.args[0], settler: sender }];
  if (call.functionName !== "finalize") return [];
  return [{ settlement: call.args[0], settler: call.args[1].toLowerCase() }];
}

/** One settlement, its output before its proof and with gaps. */
function reversed({ request, head, proof, output }: Settlement): Hex {
  const { origin, work, rules, terms, inputDigest } = request;
  const [before, gap, tail] = [zeros(32), zeros(64), padded(output)];
  const outputAt = 8 * 32 + 32;
  const words = [...[origin, work, rules, terms].map(word), inputDigest, word(head)];
  const offsets = [word(outputAt + size(tail) + 64), word(outputAt)];
  return concat([...words, ...offsets, before, tail, gap, padded(proof)]);
}

/** `settle` with these offsets of items, counted from the first offset, and what lies behind the offsets. */
function settleOf(offsets: readonly (number | bigint)[], behind: Hex): Hex {
  const list = concat([word(offsets.length), concat(offsets.map(word)), behind]);
  return concat([settleSelector, word(64), word(64 + size(list)), list, word(0)]);
}

/** A settlement of nothing, with a proof of so many bytes. */
const junk = (proofBytes: number): Hex =>
  concat([zeros(6 * 32), word(8 * 32), word(9 * 32 + proofBytes), word(proofBytes), zeros(proofBytes), word(0)]);

/** Megabytes that the process grew by while `fn` ran, and what it returned. */
function grownBy<T>(fn: () => T): { value: T; grownMb: number } {
  const before = process.memoryUsage().rss;
  const value = fn();
  return { value, grownMb: (process.memoryUsage().rss - before) / megabyte };
}

describe("A past settlement", () => {
  const random = makeFuzz("past settlements");
  const find = (one: Settlement, input: Hex) => pastSettlement(escrow, summaryOf(one), sent(input));

  it("is found as a general decoder finds it, in whatever call, and only if it is there", () => {
    for (let i = 0; i < cases; i++) {
      const items = times(random.below(4), () => randomSettlement(random));
      const input = randomCall(random, items);
      const all = decoded(input);
      for (const one of [...items, randomSettlement(random)]) {
        const expected = all.find(({ settlement }) => settlement.request.origin === one.request.origin);
        const found = find(one, input);
        expect(found?.settlement).to.deep.equal(expected && { ...expected.settlement, proof: "0x" });
        expect(found?.settler).to.equal(expected?.settler);
      }
    }
  });

  it("names the settler that the event named, and is not looked for in calls of other contracts", () => {
    const one = randomSettlement(random);
    const input = escrowCall({ functionName: "settle", args: [[one], []] });
    const settler: Address = `0x${"77".repeat(20)}`;
    expect(pastSettlement(escrow, summaryOf(one, settler), sent(input))?.settler).to.equal(settler);
    expect(pastSettlement(escrow, summaryOf(one), { ...sent(input), to: settler })).to.equal(undefined);
    expect(pastSettlement(escrow, summaryOf(one), { ...sent(input), to: null })).to.equal(undefined);
  });

  it("is found whatever the order of the parts, with gaps, and with offsets that point backwards", () => {
    const [first, second] = [randomSettlement(random), randomSettlement(random)];
    const [a, b] = [reversed(first), reversed(second)];
    const swapped = settleOf([2 * 32 + size(b), 2 * 32], concat([b, a]));
    const nothing = concat([
      settleSelector,
      word(64 + size(a)),
      word(96 + size(a)),
      a,
      word(1),
      word(-32 - size(a)),
      word(0),
    ]);
    for (const [one, input] of [
      [first, swapped],
      [second, swapped],
      [first, nothing],
    ] as const)
      expect(find(one, input)?.settlement).to.deep.equal({ ...one, proof: "0x" });
  });

  it("is found among hundreds of offsets to one large item, without a copy of it", () => {
    const one = randomSettlement(random);
    const real = reversed(one);
    const many = 580;
    const behind = concat([real, junk(105_000)]);
    const start = (many + 1) * 32;
    const input = settleOf([...times(many, () => start + size(real)), start], behind);
    const { value, grownMb } = grownBy(() => find(one, input));
    expect(value?.settlement).to.deep.equal({ ...one, proof: "0x" });
    expect(grownMb).to.be.below(100);
  });

  it("is found among items with its own words and other outputs, large, cut off, or of no length that hashes have", () => {
    const status = 1n;
    const one = { ...randomSettlement(random), head: encodeHead({ status, usage: 1n, committed: 1n, attested: 1n }) };
    const settlement = { ...one, output: random.bytes(32) };
    const outputs = ["0x", random.bytes(31), zeros(100_000), random.bytes(33), settlement.output] as const;
    const others = outputs.map((output) => ({ ...settlement, output }));
    const input = escrowCall({ functionName: "settle", args: [others, []] });
    expect(find(settlement, input)?.settlement).to.deep.equal({ ...settlement, proof: "0x" });
    for (let bytes = 4; bytes < size(input) - 64; bytes += 4_999)
      expect(find(settlement, slice(input, 0, bytes))?.settlement.output).to.equal(undefined);
  });

  it("ends soon where inner calls alias each other, without end or by the thousand", () => {
    const one = randomSettlement(random);
    const many = 1_500;
    // every inner call is the rest of the same data, and is itself a call with as many inner calls
    const offsets = times(many, () => word(32 * many));
    const inner = concat([multicallSelector, word(32), word(many), ...offsets]);
    const data = concat([multicallSelector, word(32), word(many), ...offsets, word(size(inner)), inner]);
    const items = times(many, () => word(32 * many));
    const settle = concat([settleSelector, word(32), word(many), ...items, junk(64)]);
    const pairs = concat([multicallSelector, word(32), word(many), ...offsets, word(size(settle)), settle]);
    for (const input of [data, pairs]) {
      const startMs = performance.now();
      const { value, grownMb } = grownBy(() => find(one, input));
      expect(value).to.equal(undefined);
      expect(performance.now() - startMs).to.be.below(2_000);
      expect(grownMb).to.be.below(100);
    }
  });
});
