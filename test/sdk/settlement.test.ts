import { expect } from "chai";
import { type Address, type Hex, toFunctionSelector, toHex } from "viem";
import { attestationHash, attestationStructHash } from "../../sdk/agreement/attestation.ts";
import { escrowDomain, separatorOf } from "../../sdk/agreement/domain.ts";
import { settlementDigest } from "../../sdk/agreement/settlement-digest.ts";
import { draw } from "../../sdk/committee/draw.ts";
import { seedOf } from "../../sdk/committee/seed.ts";
import { encodeSnapshot } from "../../sdk/committee/snapshot.ts";
import { roundAt, timeOf } from "../../sdk/drand/schedule.ts";
import { evmnet } from "../../sdk/drand/evmnet.ts";
import { packWord } from "../../sdk/drand/word.ts";
import { payoutOf } from "../../sdk/money/payout.ts";
import { leastScoredPay, reputationMissed, reputationRewarded } from "../../sdk/money/reputation.ts";
import { roundVerdict } from "../../sdk/time/round-verdict.ts";
import { timelineOf } from "../../sdk/time/timeline.ts";
import { encodeHead } from "../../sdk/words/head.ts";
import { encodeNodeWord } from "../../sdk/words/node-word.ts";
import { requestIdOf } from "../../sdk/words/request-id.ts";
import { encodeRequest, type RequestFields } from "../../sdk/words/request.ts";
import { decodeTaskWord } from "../../sdk/words/task-word.ts";
import { makeFuzz, type Random } from "../helpers/random.ts";
import { deployHarness, expectRows, fuzzCases, times } from "./harness.ts";
import { randomRequest } from "./random-request.ts";

const chainId = 31_337n;
const tokenDecimals = 6n;
const selectorOf = (error: string) => BigInt(toFunctionSelector(`${error}()`));

/** The escrow's rules on evmnet's schedule, with the other harness as the creator of snapshots. */
async function deploySettlement() {
  const harness = await deployHarness();
  const { ethers } = harness;
  const beacon = await ethers.deployContract("DrandBeacon", [evmnet.genesisS, evmnet.periodS, [...evmnet.publicKey]]);
  const token = await ethers.deployContract("LocalUsd");
  const other = harness.address;
  const config = {
    ...{ token: await token.getAddress(), treasury: other, nodeRegistry: other, taskRegistry: other },
    ...{ beacon: await beacon.getAddress(), disputes: other, teeRegistry: other, authority: other },
    parameters: {
      ...{ protocolFee: 0, fallbackDelay: 1, chainPhase: 1, beaconDelay: 1, expireDelay: 1, beaconTimeout: 60 },
      ...{ disputeWindow: 1, reputationFloor: 0, tipFloor: 0 },
    },
  };
  const settlement = await ethers.deployContract("SettlementHarness", [config]);
  const escrow = (await settlement.getAddress()) as Address;
  return { harness, beacon: config.beacon as Address, ...(await harness.at("SettlementHarness", escrow)), escrow };
}

describe("Settlement", () => {
  const random = makeFuzz("settlement");
  let world: Awaited<ReturnType<typeof deploySettlement>>;

  before(async () => {
    world = await deploySettlement();
  });

  /** A request as the escrow admits it in what money depends on: rates within bounds, the lock below 2^96. */
  function payable(): RequestFields {
    const request = randomRequest(random);
    const [units, maxAsk] = random.pick([
      [random.bits(24), random.bits(24)],
      [random.bits(64), 1n],
      [1n, random.bits(32)],
    ]);
    const k = random.pick([1n, 10n, 21n]);
    const askExponent = random.pick([0n, 3n, 6n]);
    const rates = { royaltyBps: random.within(0n, 2_000n), protocolFeeBps: random.within(0n, 1_000n) };
    const reputationFloor = random.pick([0n, 1n, random.bits(24)]);
    return { ...request, ...rates, units, maxAsk, k, askExponent, reputationFloor, tip: random.bits(64) };
  }

  function payment() {
    const request = payable();
    const members = times(Number(request.k), (index) => ({
      nodeId: BigInt(index + 1),
      ask: random.pick([0n, request.maxAsk, random.within(0n, request.maxAsk)]),
    }));
    const nodes = members.map(({ nodeId }) => ({
      signer: toHex((nodeId << 152n) | random.bits(152), { size: 20 }), // one key serves one node
      earnings: random.bits(80),
      reputation: random.bits(16),
    }));
    const attested = random.pick([(1n << request.k) - 1n, random.bits(Number(request.k))]);
    const place = random.below(nodes.length);
    const isMember = random.bool();
    const settler = isMember ? (nodes[place]?.signer ?? "0x") : random.bytes(20);
    const isPaid = isMember && ((attested >> BigInt(place)) & 1n) === 1n;
    return { request, members, nodes, attested, settler, scored: random.bool(), ...(isPaid ? { place } : {}) };
  }

  it("ESC-2: shares out the lock as the contracts do, and the parts sum to it", async () => {
    for (let batch = 0; batch < fuzzCases / 500; batch++) {
      const cases = times(500, payment);
      const calls = cases.map((c) => ({
        ...{ request: encodeRequest(c.request), attested: c.attested, settler: c.settler, scored: c.scored },
        members: c.members.map(({ nodeId, ask }) => (nodeId << 32n) | ask),
        words: c.nodes.map(encodeNodeWord),
      }));
      const expected = cases.map((c) => {
        const earnings = c.nodes.map((node) => node.earnings);
        const { request, members, attested } = c;
        const settler = c.place === undefined ? {} : { settler: c.place };
        const paid = payoutOf({ request, members, attested, earnings, ...settler });
        const shared =
          paid.pays.reduce((total, pay) => total + pay, 0n) + paid.royalty + paid.treasury + paid.settlerTip;
        expect(shared + paid.leftover).to.equal(paid.lock);
        expect(paid.leftover >= 0n).to.equal(true);
        const least = leastScoredPay(c.request, tokenDecimals);
        const words = c.nodes.map((node, index) => {
          const attested = ((c.attested >> BigInt(index)) & 1n) === 1n;
          const isRaised = attested && c.scored && least !== undefined && (paid.pays[index] ?? 0n) >= least;
          const missed = attested || !c.scored ? node.reputation : reputationMissed(node.reputation);
          const reputation = isRaised ? reputationRewarded(node.reputation) : missed;
          return encodeNodeWord({ ...node, reputation, earnings: paid.earnings[index] ?? 0n });
        });
        const owed = c.place === undefined ? paid.settlerTip : 0n;
        return [paid.lock - paid.leftover, owed, paid.royalty, paid.treasury + paid.overflow, ...words];
      });
      expectRows(await world.read<readonly bigint[][]>("pay", [calls]), expected, cases);
    }
  });

  it("draws the committee and judges round and deadline as the contracts do", async () => {
    const snapshot = { header: { ...decodeTaskWord(random.bits(256)), count: 30n }, entries: entriesOf(random, 30) };
    await world.harness.publish(encodeSnapshot(snapshot));
    for (let batch = 0; batch < fuzzCases / 1_000; batch++) {
      const cases = times(1_000, () => {
        const k = random.pick([1n, 10n, 21n]);
        const round = random.within(1n, 2n ** 32n - 1n);
        const request = {
          ...randomRequest(random),
          snapshotId: 1n,
          k,
          maxAsk: random.pick([1n, 2n, 2n, 2n, 2n, 2n]),
          round,
        };
        const [time, early, late] = [timeOf(evmnet, round), request.beaconDelayS / 2n, request.beaconTimeoutS];
        const edges = [time, time - early, time - early - 1n, time + late, time + late + 1n, time + random.bits(24)];
        return { request, postedAtS: random.pick(edges), randomness: random.bits(216) };
      });
      const words = cases.map(packWord);
      const expected = cases.map(({ request, postedAtS, randomness }) => {
        const time = timeOf(evmnet, request.round);
        const verdict = roundVerdict(request, time, postedAtS);
        if (verdict !== "good") return [selectorOf(verdict), 0n];
        const id = requestIdOf({ chainId, escrow: world.escrow, beacon: world.beacon }, encodeRequest(request));
        const members = draw({ ...request, snapshot, seed: seedOf(randomness, id, 0n) });
        const reason = BigInt(members.length) < request.k ? selectorOf("CommitteeIncomplete") : 0n;
        const { deadlineS } = timelineOf(request, time, postedAtS);
        return [reason, deadlineS, ...members.map(({ nodeId, ask }) => (nodeId << 32n) | ask)];
      });
      const requests = cases.map(({ request }) => encodeRequest(request));
      expectRows(await world.read<readonly bigint[][]>("committees", [requests, words]), expected, cases);
    }
  });

  it("takes an answer's digest as the contracts do, or refuses it", async () => {
    const cases = times(fuzzCases, () => {
      const maxOutputBytes = BigInt(random.pick([0, 31, 32, 33, 100]));
      const request = { ...randomRequest(random), maxOutputBytes };
      const output = random.bytes(random.pick([0, 31, 32, 33, 100, 101]));
      return { request, status: random.pick([0n, 1n, 2n, 255n]), usage: random.pick([0n, random.bits(64)]), output };
    });
    const settlements = cases.map(({ request, status, usage, output }) => {
      const head = encodeHead({ status, usage, committed: random.bits(32), attested: random.bits(32) });
      return { request: encodeRequest(request), head, proof: "0x", output };
    });
    const expected = cases.map(({ request, ...answer }) => {
      const digest = settlementDigest(request, answer);
      return digest === undefined ? [selectorOf("InvalidOutput"), 0n] : [0n, BigInt(digest)];
    });
    expectRows(await world.rows("digests", 2, settlements), expected, cases);
    expect(expected.filter(([reason]) => reason === 0n).length).to.be.within(1, fuzzCases - 1);
  });

  it("has the domain of the contracts, and what is signed under it", async () => {
    expect(separatorOf(escrowDomain(chainId, world.escrow))).to.equal(await world.read<Hex>("domainSeparator", []));
    const cases = times(fuzzCases, () => ({
      ...{ requestId: random.bytes(32), level: 0n, digest: random.bytes(32) },
      ...{ committed: random.bits(32), commitRoot: random.bytes(32) },
    }));
    const expected = cases.map((c) => [BigInt(attestationHash(chainId, world.escrow, c))]);
    expectRows(await world.rows("typedHashes", 1, cases.map(attestationStructHash)), expected, cases);
  });

  it("knows the times of rounds as the contracts do", async () => {
    const rounds = times(fuzzCases, () => random.within(1n, 2n ** 32n - 1n));
    expectRows(await world.rows("roundTimes", 1, rounds), rounds.map((r) => [timeOf(evmnet, r)]), rounds); // prettier-ignore
    const moments = times(fuzzCases, () =>
      random.pick([random.bits(34), timeOf(evmnet, random.bits(31) + 1n) + random.bits(1)]),
    );
    expectRows(await world.rows("roundsAt", 1, moments), moments.map((m) => [roundAt(evmnet, m)]), moments); // prettier-ignore
  });
});

function entriesOf(random: Random, count: number) {
  return times(count, (index) => ({ nodeId: BigInt(index + 1), ask: random.pick([1n, 1n, 2n]) }));
}
