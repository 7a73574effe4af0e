import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { expect } from "chai";
import { bigEndian, concat, flipped, numberOf } from "../../../keepers/attestation/dev/bytes.ts";
import { curveOrder, mintKey, sign } from "../../../keepers/attestation/dev/key.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { deployHarness, hexBytes, type Hardfork } from "../../helpers/certificate-store.ts";
import type { CertificateHarness } from "../../../types/index.js";

const nowS = 1_900_000_000;
const precompileCeiling = 8_000n;
const fallbackCeiling = 300_000n;
const fieldModulus = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const batch = 40;
const largest = 2n ** 256n - 1n;

/** hash, r, s, x, y */
type Trial = readonly [bigint, bigint, bigint, bigint, bigint];

const random = seededRandom(caseSeed("P256"));

function mintTrial(s: "low" | "high"): Trial {
  const [key, message] = [mintKey(random.fork(`key ${s}`)), random.bytes(40)];
  const signature = sign(message, key, s);
  const hash = numberOf(sha256(message));
  const [x, y] = [numberOf(key.point.slice(0, 32)), numberOf(key.point.slice(32))];
  return [hash, numberOf(signature.slice(0, 32)), numberOf(signature.slice(32)), x, y];
}

/** What must be refused, each derived from a good signature. */
function mistakesOf([hash, r, s, x, y]: Trial): Record<string, Trial> {
  return {
    "another hash": [hash ^ 1n, r, s, x, y],
    "another r": [hash, r ^ 1n, s, x, y],
    "another s": [hash, r, s ^ 1n, x, y],
    "r = 0": [hash, 0n, s, x, y],
    "s = 0": [hash, r, 0n, x, y],
    "r = n": [hash, curveOrder, s, x, y],
    "s = n": [hash, r, curveOrder, x, y],
    "r + n": [hash, (r + curveOrder) & largest, s, x, y],
    "s + n": [hash, r, (s + curveOrder) & largest, x, y],
    "r and s at most": [hash, largest, largest, x, y],
    "r and s swapped": [hash, s, r, x, y],
    "y negated": [hash, r, s, x, fieldModulus - y],
    "x and y swapped": [hash, r, s, y, x],
    "no point of the curve": [hash, r, s, x, y ^ 1n],
    "the point (0, 0)": [hash, r, s, 0n, 0n],
    "x not reduced": [hash, r, s, x + fieldModulus > largest ? largest : x + fieldModulus, y],
    "y = p": [hash, r, s, x, fieldModulus],
  };
}

/** Signatures made to meet the fallback's special points: the key is a small multiple of the generator, or its negative. */
function specialTrials(): Trial[] {
  return [1n, 2n, 3n, curveOrder - 1n, curveOrder - 2n, curveOrder - 3n].map((secret) => {
    const key = p256.getPublicKey(bigEndian(secret, 32), false);
    const message = random.bytes(32);
    const signature = p256.sign(message, bigEndian(secret, 32), { prehash: false, lowS: false, format: "compact" });
    const [r, s] = [numberOf(signature.slice(0, 32)), numberOf(signature.slice(32))];
    return [numberOf(message), r, s, numberOf(key.slice(1, 33)), numberOf(key.slice(33))];
  });
}

const structOf = ([hash, r, s, x, y]: Trial) => {
  const word = (value: bigint) => hexBytes(bigEndian(value, 32));
  return { hash: word(hash), r: word(r), s: word(s), x: word(x), y: word(y) };
};

/** In batches that fit the gas of one call. */
async function verdicts(harness: CertificateHarness, hasPrecompile: boolean, trials: readonly Trial[]) {
  const found: bigint[] = [];
  for (let from = 0; from < trials.length; from += batch) {
    const part = trials.slice(from, from + batch);
    const bits = await harness.verifyAll(hasPrecompile, part.map(structOf));
    found.push(...part.map((_, i) => (bits >> BigInt(i)) & 1n));
  }
  return found;
}

describe("P256", () => {
  printSeedOnFailure();
  const good = [mintTrial("low"), mintTrial("high")] as const;

  for (const [hardfork, hasPrecompile] of [
    ["osaka", true],
    ["prague", false],
  ] as const) {
    describe(`on ${hardfork}, ${hasPrecompile ? "with" : "without"} the precompile`, () => {
      let harness: CertificateHarness;
      before(async () => ({ harness } = await deployHarness(nowS, hardfork satisfies Hardfork)));

      it("finds out whether the precompile is there", async () => {
        expect(await harness.probe()).to.equal(hasPrecompile);
      });

      it("accepts low and high s, and refuses everything else", async () => {
        for (const trial of good) {
          const mistakes = Object.entries(mistakesOf(trial));
          const found = await verdicts(harness, hasPrecompile, [trial, ...mistakes.map(([, mistake]) => mistake)]);
          expect(found[0], "the good one").to.equal(1n);
          for (const [i, [name]] of mistakes.entries()) expect(found[i + 1], name).to.equal(0n);
        }
      });

      it("accepts keys next to the generator and to infinity", async () => {
        const found = await verdicts(harness, hasPrecompile, specialTrials());
        expect(found).to.deep.equal([1n, 1n, 1n, 1n, 1n, 1n]);
      });

      it(`costs at most ${hasPrecompile ? precompileCeiling : fallbackCeiling} gas`, async () => {
        for (const trial of good) {
          const { valid, gasUsed } = await harness.verify(hasPrecompile, structOf(trial));
          console.log(`      signature check ${gasUsed} gas`);
          expect(valid).to.equal(true);
          expect(gasUsed).to.be.at.most(hasPrecompile ? precompileCeiling : fallbackCeiling);
        }
      });
    });
  }

  it("answers the same both ways for random changes of good signatures", async () => {
    const { harness } = await deployHarness(nowS);
    const trials = Array.from({ length: 100 }, (): Trial => {
      const bytes = concat(...random.pick(good).map((value) => bigEndian(value, 32)));
      const changed = random.chance(0.1) ? bytes : flipped(bytes, random.integer(0, 159), random.integer(1, 255));
      return Array.from({ length: 5 }, (_, i) => numberOf(changed.slice(32 * i, 32 * i + 32))) as unknown as Trial;
    });
    const [native, fallback] = [await verdicts(harness, true, trials), await verdicts(harness, false, trials)];
    expect(fallback).to.deep.equal(native);
    expect(native).to.include(1n).and.include(0n);
  });
});
