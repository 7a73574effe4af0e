import { expand_message_xmd } from "@noble/curves/abstract/hash-to-curve.js";
import { bn254 } from "@noble/curves/bn254.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { expect } from "chai";
import { network } from "hardhat";
import { bytesToHex, concat, concatBytes, type Hex, keccak256, numberToHex, slice } from "viem";
import {
  isPublicKey,
  parseSignature,
  publicKeyOf,
  roundMessage,
  signRound,
  verifyBeacon,
} from "../../sdk/drand/bls.ts";
import { evmnet, evmnetChainHash } from "../../sdk/drand/evmnet.ts";
import { hashToCurve, hashToField, mapToCurve } from "../../sdk/drand/hash-to-curve.ts";
import { roundAt, timeOf } from "../../sdk/drand/schedule.ts";
import { type CurvePoint, maxRound } from "../../sdk/drand/types.ts";
import { packWord, randomnessOf, unpackWord } from "../../sdk/drand/word.ts";
import fixture from "../fixtures/drand-evmnet.json" with { type: "json" };

const p = bn254.fields.Fp.ORDER;
const oneHalf = (p + 1n) / 2n;
const secretKey = 0x2a7d9e1c4b6f8035a2c4e6f8091b3d5f7183a5c7e9fb0d2f416385a7c9ebfdan;
const hashedMessages = 10_000;
const mappedElements = 10_000;
const batch = 500;
const seed = numberToHex(BigInt(process.env.ATOMA_FUZZ_SEED ?? Date.now()), { size: 32 });
const beacons = fixture.evmnet.beacons.map(({ round, sig, randomness, hashToPoint }) => ({
  round: BigInt(round),
  signature: `0x${sig}` as Hex,
  randomness: BigInt(`0x${randomness}`),
  hash: { x: BigInt(`0x${hashToPoint.slice(0, 64)}`), y: BigInt(`0x${hashToPoint.slice(64)}`) },
}));

/** The n-th pseudo-random word of this run. */
function randomWord(index: number): Hex {
  return keccak256(concat([seed, numberToHex(index, { size: 32 })]));
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / batch) }, (_, i) => items.slice(i * batch, (i + 1) * batch));
}

function expectSamePoints(onChain: readonly CurvePoint[], inTypeScript: readonly CurvePoint[]) {
  const plain = (points: readonly CurvePoint[]) => points.map(({ x, y }) => `${x},${y}`);
  expect(plain(onChain)).to.deep.equal(plain(inTypeScript));
}

/** Which of the map's candidates x is: the first is -1/2 - u * sqrt(-12) / (1 + 4u^2), the second is -1 minus that. */
function candidateOf(u: bigint, x: bigint | undefined) {
  const { Fp } = bn254.fields;
  const root = Fp.sqrt(Fp.neg(12n));
  const even = root % 2n === 0n ? root : p - root;
  const first = Fp.sub(p - oneHalf, Fp.div(Fp.mul(u, even), Fp.add(1n, Fp.mul(4n, Fp.sqr(u)))));
  if (x === first || x === p - oneHalf) return "first";
  return x === Fp.sub(Fp.neg(1n), first) ? "second" : "third";
}

async function deployHarness() {
  const { ethers } = await network.create();
  return ethers.deployContract("BlsHarness");
}

describe("drand in TypeScript", () => {
  describe("hash to curve", () => {
    it("hashes the messages of real rounds to the points their signatures were made for", () => {
      for (const { round, hash } of beacons) expect(hashToCurve(roundMessage(round))).to.deep.equal(hash);
    });

    it("expands messages as RFC 9380 has it, with the 136-byte block of Keccak-256", () => {
      const message = roundMessage(1n);
      const tag = new TextEncoder().encode("BLS_SIG_BN254G1_XMD:KECCAK-256_SVDW_RO_NUL_+"); // "+" is 43, its length
      const first = keccak_256(concatBytes([new Uint8Array(136), message, Uint8Array.of(0, 96, 0), tag]));
      const blocks = [keccak_256(concatBytes([first, Uint8Array.of(1), tag]))];
      for (let i = 2; i <= 3; i++) {
        const mixed = first.map((byte, k) => byte ^ (blocks.at(-1)?.[k] ?? 0));
        blocks.push(keccak_256(concatBytes([mixed, Uint8Array.of(i), tag])));
      }
      const uniform = concatBytes(blocks);
      expect(bytesToHex(uniform)).to.equal(
        bytesToHex(expand_message_xmd(message, new TextDecoder().decode(tag.slice(0, -1)), 96, keccak_256)),
      );
      const elements = [uniform.slice(0, 48), uniform.slice(48)].map((half) => BigInt(bytesToHex(half)) % p);
      expect(hashToField(message)).to.deep.equal(elements);
    });

    it("maps the exceptional inputs to x = -1/2", () => {
      for (const u of [0n, oneHalf, p - oneHalf]) expect(mapToCurve(u).x).to.equal(p - oneHalf);
    });
  });

  describe("equals Solidity", () => {
    it(`in hashToPoint over ${hashedMessages} messages, half of them rounds, and in the field elements of some`, async () => {
      const harness = await deployHarness();
      const messages = Array.from({ length: hashedMessages }, (_, i) =>
        i % 2 === 0 ? randomWord(i) : bytesToHex(roundMessage((BigInt(randomWord(i)) % maxRound) + 1n)),
      );
      for (const part of chunks(messages)) {
        const points = await harness.hashToPoints(part);
        expectSamePoints(
          points,
          part.map((message) => hashToCurve(Buffer.from(message.slice(2), "hex"))),
        );
      }
      for (const message of messages.slice(0, 20)) {
        const elements = await harness.hashToField(message);
        expect([...elements]).to.deep.equal(hashToField(Buffer.from(message.slice(2), "hex")));
      }
    });

    it(`in mapToPoint over ${mappedElements} field elements, each candidate and each exception among them`, async () => {
      const harness = await deployHarness();
      const near = [0n, 1n, 2n, oneHalf, oneHalf - 1n, oneHalf + 1n, p - oneHalf, p - 1n, p - 2n];
      const random = Array.from({ length: mappedElements }, (_, i) => BigInt(randomWord(hashedMessages + i)) % p);
      const candidates = { first: 0, second: 0, third: 0 };
      for (const part of chunks([...near, ...random])) {
        const expected = part.map(mapToCurve);
        expectSamePoints(await harness.mapToPoints(part), expected);
        part.forEach((u, i) => candidates[candidateOf(u, expected[i]?.x)]++);
      }
      console.log("      seed %s, candidates %o", BigInt(seed), candidates);
      for (const count of Object.values(candidates)) expect(count).to.be.greaterThan(mappedElements / 5);
    });
  });

  describe("verifyBeacon", () => {
    const { publicKey } = evmnet;

    it("accepts real rounds of evmnet, whose randomness is the hash of the signature", () => {
      for (const { round, signature, randomness } of beacons) {
        expect(verifyBeacon({ publicKey, round, signature })).to.equal(true);
        expect(isPublicKey(publicKey)).to.equal(true);
        expect(randomnessOf(signature)).to.equal(BigInt.asUintN(216, randomness));
      }
    });

    it("refuses each round under the signature of another", () => {
      beacons.forEach(({ round }, i) => {
        const signature = beacons[(i + 1) % beacons.length]?.signature ?? "0x";
        expect(verifyBeacon({ publicKey, round, signature })).to.equal(false);
      });
    });

    it("refuses malformed signatures and rounds without throwing", () => {
      for (const { round, signature } of beacons.slice(0, 1)) {
        const [x, y] = [BigInt(slice(signature, 0, 32)), BigInt(slice(signature, 32))];
        const encode = (a: bigint, b: bigint) => concat([numberToHex(a, { size: 32 }), numberToHex(b, { size: 32 })]);
        const malformed: Hex[] = [encode(x + p, y), encode(x, y + p), encode(0n, 0n), encode(x, y ^ 1n), "0x"];
        malformed.push(slice(signature, 1), `${signature}00`, `0x${"zz".repeat(64)}`, encode(p, p), encode(x, p - y));
        for (const bad of malformed) expect(verifyBeacon({ publicKey, round, signature: bad }), bad).to.equal(false);
        for (const other of [0n, -1n, round + 1n, 2n ** 64n, 2n ** 64n + round]) {
          expect(verifyBeacon({ publicKey, round: other, signature }), String(other)).to.equal(false);
        }
        expect(parseSignature(signature)).to.deep.equal({ x, y });
      }
    });

    it("throws on a key that is infinity, no point, or outside the subgroup", () => {
      const [x1, x0, y1, y0] = publicKey;
      const outside = [
        0n,
        1n,
        0x2351dcdda257b62181cbd745dfee16d5fdf4eb185bbcf33c20a0fe6eaa9cb4a3n,
        0x07fb3d558dafafb6bf6dd326a5fefe0beca3f9ac3bd999a390d504fad34b0b8cn,
      ] as const;
      for (const key of [[0n, 0n, 0n, 0n], [x1, x0, y1, y0 ^ 1n], [x1 + p, x0, y1, y0], outside] as const) {
        const verification = () => verifyBeacon({ publicKey: key, round: 1n, signature: "0x" });
        expect(verification).to.throw(RangeError, "The public key is not a point of the pairing's subgroup");
        expect(isPublicKey(key)).to.equal(false);
      }
    });
  });

  describe("a private network's key", () => {
    it("signs what verifies under its public key only, from the first round to the last", () => {
      for (const round of [1n, 2n, 2n ** 32n, maxRound]) {
        const signature = signRound(secretKey, round);
        expect(verifyBeacon({ publicKey: publicKeyOf(secretKey), round, signature })).to.equal(true);
        expect(verifyBeacon({ publicKey: publicKeyOf(secretKey + 1n), round, signature })).to.equal(false);
      }
    });

    it("is between 1 and the order of the curve, and rounds are uint64 from 1", () => {
      for (const key of [0n, -1n, bn254.fields.Fr.ORDER]) {
        expect(() => signRound(key, 1n)).to.throw();
        expect(() => publicKeyOf(key)).to.throw();
      }
      for (const round of [0n, -1n, maxRound + 1n]) expect(() => signRound(secretKey, round)).to.throw(RangeError);
    });
  });

  describe("schedule and words", () => {
    it("knows the constants that evmnet publishes", () => {
      const { chainHash, genesis, periodSeconds, publicKey } = fixture.evmnet;
      expect(evmnetChainHash).to.equal(chainHash);
      expect(evmnet.genesisS).to.equal(BigInt(genesis));
      expect(evmnet.periodS).to.equal(BigInt(periodSeconds));
      expect(concat(evmnet.publicKey.map((word) => numberToHex(word, { size: 32 })))).to.equal(`0x${publicKey}`);
    });

    it("equals the contract's schedule at genesis, around rounds, and at the ends", async () => {
      const { ethers } = await network.create();
      for (const [genesisS, periodS] of [
        [evmnet.genesisS, evmnet.periodS],
        [1n, 1n],
        [maxRound, maxRound],
      ] as const) {
        const schedule = { genesisS, periodS };
        const beacon = await ethers.deployContract("DrandBeacon", [genesisS, periodS, [...evmnet.publicKey]]);
        for (const round of [1n, 2n, 3n, 9_337_227n, maxRound - 1n, maxRound]) {
          const time = timeOf(schedule, round);
          expect(await beacon.timeOf(round)).to.equal(time);
          for (const timestampS of [time - 1n, time, ...(round === maxRound ? [] : [time + 1n])]) {
            expect(await beacon.roundAt(timestampS)).to.equal(roundAt(schedule, timestampS));
          }
        }
        expect(() => roundAt(schedule, timeOf(schedule, maxRound) + 1n)).to.throw(RangeError);
      }
      expect(() => timeOf(evmnet, 0n)).to.throw(RangeError);
    });

    it("packs a word from parts that fit, and unpacks the same parts", () => {
      const largest = { randomness: 2n ** 216n - 1n, postedAtS: 2n ** 40n - 1n };
      expect(packWord(largest)).to.equal(2n ** 256n - 1n);
      expect(unpackWord(packWord(largest))).to.deep.equal(largest);
      expect(unpackWord(packWord({ randomness: 5n, postedAtS: 7n }))).to.deep.equal({ randomness: 5n, postedAtS: 7n });
      expect(unpackWord(0n)).to.equal(undefined);
      for (const part of [
        { randomness: 2n ** 216n },
        { postedAtS: 2n ** 40n },
        { randomness: -1n },
        { postedAtS: -1n },
      ]) {
        expect(() => packWord({ ...largest, ...part })).to.throw(RangeError);
      }
    });
  });
});
