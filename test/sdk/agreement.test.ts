import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "chai";
import { TypedDataEncoder } from "ethers";
import { type Hex, hexToBytes, serializeSignature, toHex } from "viem";
import { privateKeyToAccount, sign } from "viem/accounts";
import { attestationStructHash } from "../../sdk/agreement/attestation.ts";
import { commitData, commitHash, commitStructHash } from "../../sdk/agreement/commit.ts";
import { commitRootOf } from "../../sdk/agreement/commit-root.ts";
import { compactSignature, expandSignature } from "../../sdk/agreement/compact-signature.ts";
import { digestOf } from "../../sdk/agreement/digest.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { outcomeOf } from "../../sdk/agreement/outcome.ts";
import { recoverSigner } from "../../sdk/agreement/recover.ts";
import { buildSettlement, type MemberProof } from "../../sdk/agreement/settlement.ts";
import { signerConsentData, signerConsentHash, signerConsentStructHash } from "../../sdk/agreement/signer-consent.ts";
import { encodeRequest } from "../../sdk/words/request.ts";
import { makeFuzz } from "../helpers/random.ts";
import { deployHarness, expectRows, fuzzCases, type Harness, times } from "./harness.ts";
import { randomRequest } from "./random-request.ts";

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const word = (value: bigint): Hex => toHex(value, { size: 32 });

describe("What members agree on", () => {
  const random = makeFuzz("agreement");
  let harness: Harness;

  before(async () => {
    harness = await deployHarness();
  });

  it("has the digest of the contracts", async () => {
    const cases = times(fuzzCases, () => [random.bits(8), random.bits(64), random.bits(256)] as const);
    const expected = cases.map(([status, usage, hash]) => [
      BigInt(digestOf({ status, usage, outputHash: word(hash) })),
    ]);
    expectRows(await harness.rows("digests", 1, cases.flat()), expected, cases);
  });

  it("is committed to by the leaf of the contracts", async () => {
    const cases = times(fuzzCases, () => ({
      ...{ requestId: random.bytes(32), level: random.bits(256), digest: random.bytes(32) },
      ...{ nodeId: random.bits(32), salt: toHex(random.bits(128), { size: 16 }) },
    }));
    const flat = cases.flatMap((c) => [c.requestId, c.level, c.digest, c.nodeId, c.salt].map(BigInt));
    expectRows(await harness.rows("leaves", 1, flat), cases.map((c) => [BigInt(leafOf(c))]), cases); // prettier-ignore
  });

  it("is attested under the struct hash of the contracts", async () => {
    const cases = times(fuzzCases, () => ({
      ...{ requestId: random.bytes(32), level: random.bits(256), digest: random.bytes(32) },
      ...{ committed: random.bits(256), commitRoot: random.bytes(32) },
    }));
    const flat = cases.flatMap((c) => [c.requestId, c.level, c.digest, c.committed, c.commitRoot].map(BigInt));
    const expected = cases.map((c) => [BigInt(attestationStructHash(c))]);
    expectRows(await harness.rows("attestations", 1, flat), expected, cases);
  });

  it("ends in the outcome of the contracts", async () => {
    const cases = times(fuzzCases, () => ({
      ...{ requestId: random.bytes(32), digest: random.bytes(32), head: random.bits(256) },
      settler: toHex(random.bits(160), { size: 20 }),
    }));
    const flat = cases.flatMap((c) => [c.requestId, c.digest, c.head, c.settler].map(BigInt));
    expectRows(await harness.rows("outcomes", 1, flat), cases.map((c) => [BigInt(outcomeOf(c))]), cases); // prettier-ignore
  });

  it("makes proofs from which the contracts rebuild the commit root", async () => {
    const request = encodeRequest(randomRequest(random));
    for (let batch = 0; batch < fuzzCases / 500; batch++) {
      const cases = times(500, () => {
        const [requestId, level, digest] = [random.bytes(32), random.bits(8), random.bytes(32)];
        const members = times(random.pick([1, 10, 21, 31]), () => ({ nodeId: random.bits(32), ask: random.bits(32) }));
        const shown = members.map(({ nodeId }) => {
          const salt = random.bytes(16);
          const leaf = leafOf({ requestId, level, digest, nodeId, salt });
          const proofs: readonly MemberProof[] = [undefined, { leaf }, { signature: random.bytes(64), salt }];
          return { leaf, proof: random.pick(proofs) };
        });
        const leaves = shown.filter(({ proof }) => proof !== undefined).map(({ leaf }) => leaf);
        const proofs = shown.map(({ proof }) => proof);
        const { head, proof } = buildSettlement({ request, status: 0n, usage: random.bits(64), output: "0x", proofs });
        const entries = members.map(({ nodeId, ask }) => (nodeId << 32n) | ask);
        return { x: [BigInt(requestId), level, BigInt(digest), head], entries, proof, root: commitRootOf(leaves) };
      });
      const args = [cases.flatMap((c) => c.x), cases.map((c) => c.entries), cases.map((c) => c.proof)];
      expectRows(await harness.rows("commitRoots", 1, ...args), cases.map((c) => [BigInt(c.root)]), cases); // prettier-ignore
    }
  });

  it("is signed in 64 bytes, from which both languages recover the same key or none", async () => {
    const cases = times(fuzzCases, (index) => {
      const hash = random.bytes(32);
      const r = random.pick([0n, 1n, order - 1n, order, random.bits(256)]);
      const s = random.pick([0n, 1n, order / 2n, order / 2n + 1n, random.bits(255)]);
      if (index % 2 === 0) return { hash, compact: `${word(r)}${word((random.bits(1) << 255n) | s).slice(2)}` as Hex };
      const key = hexToBytes(word(random.within(1n, order - 1n)));
      const bytes = secp256k1.sign(hexToBytes(hash), key, { prehash: false, format: "recovered" });
      const v = BigInt(bytes[0] ?? 0);
      const signature = toHex(bytes.subarray(1)) + (27n + v).toString(16);
      return { hash, compact: compactSignature(signature as Hex) };
    });
    const flat = cases.flatMap(({ hash, compact }) =>
      [hash, `0x${compact.slice(2, 66)}`, `0x${compact.slice(66)}`].map(BigInt),
    );
    const expected = cases.map(({ hash, compact }) => [BigInt(recoverSigner(hash, compact) ?? 0)]);
    expectRows(await harness.rows("signers", 1, flat), expected, cases);
    expect(expected.filter(([signer]) => signer === 0n).length).to.be.within(1, fuzzCases / 2);
  });

  it("goes from 65-byte signatures to 64 bytes and back, and refuses malleable ones", async () => {
    for (const privateKey of times(50, () => random.bytes(32))) {
      const { r, s, yParity = 0 } = await sign({ hash: random.bytes(32), privateKey });
      const full = serializeSignature({ r, s, yParity });
      expect(expandSignature(compactSignature(full))).to.equal(full);
      const twin = serializeSignature({ r, s: word(order - BigInt(s)), yParity: 1 - yParity });
      expect(() => compactSignature(twin)).to.throw("upper half");
      expect(() => compactSignature(`${full.slice(0, -2)}1d` as Hex)).to.throw("v is 29");
      expect(() => compactSignature(`${full}00`)).to.throw("66 bytes");
      expect(recoverSigner("0x00", compactSignature(full))).to.equal(undefined);
    }
  });
});

describe("Typed data that no contract hashes in batches", () => {
  const random = makeFuzz("typed data");
  const chainId = 31_337n;
  const verifyingContract = random.bytes(20);

  it("hashes commits as an independent encoder does", () => {
    times(fuzzCases, () => ({ requestId: random.bytes(32), level: random.bits(256), leaf: random.bytes(32) })).forEach(
      (m) => {
        const { domain, types } = commitData(chainId, verifyingContract, m);
        expect(commitStructHash(m)).to.equal(TypedDataEncoder.from({ Commit: [...types.Commit] }).hash(m));
        if (m.level % 64n === 0n)
          expect(commitHash(chainId, verifyingContract, m)).to.equal(
            TypedDataEncoder.hash(domain, { Commit: [...types.Commit] }, m),
          );
      },
    );
  });

  it("hashes consents as an independent encoder does, and wallets sign that hash", async () => {
    const messages = times(fuzzCases, () => ({ owner: random.bytes(20), deadline: random.bits(256) }));
    messages.forEach((m) => {
      const types = { SignerConsent: [...signerConsentData(chainId, verifyingContract, m).types.SignerConsent] };
      expect(signerConsentStructHash(m)).to.equal(TypedDataEncoder.from(types).hash(m));
    });
    const account = privateKeyToAccount(random.bytes(32));
    for (const m of messages.slice(0, 20)) {
      const signature = await account.signTypedData(signerConsentData(chainId, verifyingContract, m));
      const hash = signerConsentHash(chainId, verifyingContract, m);
      expect(recoverSigner(hash, compactSignature(signature))).to.equal(account.address);
    }
  });
});
