import { expect } from "chai";
import { type Address, toHex } from "viem";
import { countBits } from "../../sdk/committee/bitmap.ts";
import { signedRequestStructHash } from "../../sdk/agreement/signed-request.ts";
import { lockUp, payPerAsk, shareDown } from "../../sdk/money/lock.ts";
import { timelineOf } from "../../sdk/time/timeline.ts";
import { hasFlag } from "../../sdk/words/flags.ts";
import { decodeHead, encodeHead, proofLength } from "../../sdk/words/head.ts";
import { decodeNodeWord, encodeNodeWord } from "../../sdk/words/node-word.ts";
import { decodeParameters, encodeParameters, parametersTerms } from "../../sdk/words/parameters.ts";
import { requestIdOf } from "../../sdk/words/request-id.ts";
import { decodeRequest, encodeRequest, type RequestFields } from "../../sdk/words/request.ts";
import { decodeSlotWord, holdsOpen, holdsOutcome, isSlotFree } from "../../sdk/words/slot-word.ts";
import { matchesTerms, taskTerms } from "../../sdk/words/task-terms.ts";
import { decodeTaskWord, encodeTaskWord } from "../../sdk/words/task-word.ts";
import { makeFuzz } from "../helpers/random.ts";
import { deployHarness, expectRows, fuzzCases, type Harness, inBatches, times } from "./harness.ts";
import { randomRequest } from "./random-request.ts";

const bit = (value: boolean) => (value ? 1n : 0n);

describe("Packed words equal the contracts'", () => {
  const random = makeFuzz("words");
  const requests = times(fuzzCases, () => randomRequest(random));
  const words = requests.map(encodeRequest);
  let harness: Harness;

  before(async () => {
    harness = await deployHarness();
  });

  it("gives back every field of a request", () => {
    words.forEach((word, index) => {
      const { requester, ...fields } = decodeRequest(word);
      const { requester: expected, ...rest } = requests[index] as RequestFields;
      expect(fields).to.deep.equal(rest);
      expect(requester.toLowerCase()).to.equal(expected);
    });
  });

  it("puts the origin and work of a request where the contracts read them", async () => {
    const expected = requests.map((r) => [
      ...[BigInt(r.requester), r.sequence, r.slot, r.version, r.k, r.quorum],
      ...[r.taskId, r.snapshotId, r.units, r.maxAsk, r.tip],
    ]);
    const actual = await inBatches(words, (part) => harness.rows("works", 11, part));
    expectRows(actual, expected, requests);
  });

  it("puts the rules and terms of a request where the contracts read them", async () => {
    const flag = random.pick([1n, 2n, 4n, 8n]);
    const expected = requests.map((r) => [
      ...[r.submittedAtS, r.round, r.challengeWindowS, r.callbackGas, r.items, bit(hasFlag(r.flags, flag))],
      ...[r.royaltyBps, 10n ** r.askExponent, r.windowS, r.maxOutputBytes, r.protocolFeeBps, r.beaconDelayS],
      ...[r.expireDelayS, r.beaconTimeoutS, r.disputeWindowS, r.reputationFloor, timelineOf(r, 0n, 0n).deadlineS],
      r.isTee,
    ]);
    const actual = await inBatches(words, (part) => harness.rows("rules", 18, part, flag));
    expectRows(actual, expected, requests);
  });

  it("gives a request the id, the signed form, the lock and the price that the contracts give it", async () => {
    const chainId = random.bits(64);
    const [escrow, beacon] = [random.bytes(20), random.bytes(20)] as [Address, Address];
    const expected = words.map((word, index) => {
      const request = requests[index] as RequestFields;
      const id = requestIdOf({ chainId, escrow, beacon }, word);
      return [BigInt(id), BigInt(signedRequestStructHash(word)), lockUp(request), payPerAsk(request)];
    });
    const actual = await inBatches(words, (part) => harness.rows("prices", 4, part, chainId, escrow, beacon));
    expectRows(actual, expected, requests);
  });

  it("takes rates of amounts, floored", async () => {
    const cases = times(fuzzCases, () => [random.bits(200), random.bits(17)] as const);
    const expected = cases.map(([amount, rate]) => [shareDown(amount, rate)]);
    expectRows(await harness.rows("shares", 1, cases.flat()), expected, cases);
  });

  it("packs a head and counts the bytes of its proof", async () => {
    const cases = times(fuzzCases, () => {
      const committed = random.bits(31);
      return { status: random.bits(8), usage: random.bits(64), committed, attested: committed & random.bits(32) };
    });
    const expected = cases.map((c) => [c.status, c.usage, c.committed, c.attested, proofLength(c)]);
    expect(cases.map((c) => decodeHead(encodeHead(c)))).to.deep.equal(cases);
    expectRows(await harness.rows("heads", 5, cases.map(encodeHead)), expected, cases);
  });

  it("counts bits", async () => {
    const cases = times(fuzzCases, () => random.bits(31));
    const expected = cases.map((x) => [countBits(x)]);
    expectRows(await harness.rows("bitCounts", 1, cases), expected, cases);
  });

  it("reads a node word", async () => {
    const cases = times(fuzzCases, () => {
      const signer = toHex(random.bits(160), { size: 20 });
      return { signer, earnings: random.bits(80), reputation: random.bits(16) };
    });
    const expected = cases.map(({ signer, earnings, reputation }) => [BigInt(signer), earnings, reputation]);
    expectRows(await harness.rows("nodes", 3, cases.map(encodeNodeWord)), expected, cases);
    cases.forEach((node) => {
      const decoded = decodeNodeWord(encodeNodeWord(node));
      expect({ ...decoded, signer: decoded.signer.toLowerCase() }).to.deep.equal(node);
    });
  });

  it("packs a task word and finds its part of the terms", async () => {
    const cases = times(fuzzCases, () => {
      const word = random.bits(256);
      return { word, terms: random.bool() ? taskTerms(word) | random.bits(168) : random.bits(248) };
    });
    const expected = cases.map(({ word, terms }) => {
      const task = decodeTaskWord(word);
      const fields = [task.id, task.publishedAtS, task.freshForS, task.count, task.maxPay];
      return [...fields, taskTerms(word), bit(matchesTerms(word, terms))];
    });
    const flat = cases.flatMap(({ word, terms }) => [word, terms]);
    expectRows(await harness.rows("tasks", 7, flat), expected, cases);
    cases.forEach(({ word }) => expect(encodeTaskWord(decodeTaskWord(word))).to.equal(word));
  });

  it("reads a slot word and knows what it holds", async () => {
    const states = [
      ...["empty", "open", "openDisputed", "recorded", "settled", "callbackFailed", "refunded", "recordedDisputed"],
    ];
    const cases = times(fuzzCases, () => {
      const hash = random.bits(256);
      const kept = random.pick([(hash >> 8n) << 8n, (hash >> 104n) << 104n, hash ^ (1n << BigInt(random.below(256)))]);
      const word = ((kept >> 8n) << 8n) | BigInt(random.below(states.length));
      const until = (word >> 8n) & 0xffff_ffffn;
      return { word, hash, time: random.pick([until, until + 1n, random.bits(40)]) };
    });
    const actual = await harness.rows(
      "slots",
      6,
      cases.flatMap((c) => [c.word, c.hash, c.time]),
    );
    const expected = cases.map(({ word, hash, time }, index) => {
      const { state, untilS, leftover } = decodeSlotWord(word);
      const id = toHex(hash, { size: 32 });
      const isHeld = state === "empty" || state === "open" || state === "openDisputed";
      const times_ = isHeld ? (actual[index] ?? []).slice(1, 3) : [untilS, leftover]; // not fields of these states
      const tests = [holdsOpen(word, id), holdsOutcome(word, id), isSlotFree(word, time)].map(bit);
      return [BigInt(states.indexOf(state)), ...times_, ...tests];
    });
    expectRows(actual, expected, cases);
  });

  it("packs parameters within their bounds", async () => {
    const cases = times(fuzzCases, () => ({
      protocolFeeBps: random.within(0n, 1_000n),
      fallbackDelayS: random.within(1n, 3_600n),
      chainPhaseS: random.within(1n, 3_600n),
      beaconDelayS: random.within(1n, 300n),
      expireDelayS: random.within(1n, 3_600n),
      beaconTimeoutS: random.within(60n, 604_800n),
      disputeWindowS: random.within(1n, 604_800n),
      reputationFloor: random.within(0n, 1_000_000_000n),
      version: random.within(1n, 65_535n),
      tipFloor: random.within(0n, 10_000_000n),
      timeS: random.bits(32),
    }));
    const setOf = (c: (typeof cases)[number]) => ({
      ...{ protocolFee: c.protocolFeeBps, fallbackDelay: c.fallbackDelayS, chainPhase: c.chainPhaseS },
      ...{ beaconDelay: c.beaconDelayS, expireDelay: c.expireDelayS, beaconTimeout: c.beaconTimeoutS },
      ...{ disputeWindow: c.disputeWindowS, reputationFloor: c.reputationFloor, tipFloor: c.tipFloor },
    });
    const expected = cases.map((c) => {
      const word = encodeParameters(c);
      return [word, parametersTerms(word), c.version, c.tipFloor, c.timeS];
    });
    const actual = await inBatches(cases, (part) => {
      const [versions, timesS] = [part.map((c) => c.version), part.map((c) => c.timeS)];
      return harness.rows("parameters", 5, part.map(setOf), versions, timesS);
    });
    expectRows(actual, expected, cases);
    expect(cases.map((c) => decodeParameters(encodeParameters(c)))).to.deep.equal(cases);
  });
});
