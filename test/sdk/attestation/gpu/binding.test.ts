import { expect } from "chai";
import { type Address, concat, encodeAbiParameters, type Hex, keccak256, sha256, zeroHash } from "viem";
import { bindingHash, challengeHash, type TeeDomain, type TeeKeys } from "../../../../sdk/attestation/binding.ts";
import { toHex } from "../../../../sdk/attestation/bytes.ts";
import { gpuEvidenceHash, gpuIdOf, gpuNonce } from "../../../../sdk/attestation/gpu/gpu-hashes.ts";
import { type GpuBindingQuestion, verifyGpuBinding } from "../../../../sdk/attestation/gpu/verify-gpu-binding.ts";
import type { GpuEvidence } from "../../../../sdk/attestation/gpu/verify-gpu-evidence.ts";
import { verifyQuote } from "../../../../sdk/attestation/verify-quote.ts";
import { bytesOf } from "../../../../keepers/attestation/dev/bytes.ts";
import { type GpuWorld, mintGpuWorld } from "../../../../keepers/attestation/dev/gpu-world.ts";
import { seededRandom } from "../../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../../helpers/attestation/seed.ts";
import { mintWorld } from "../../../helpers/attestation/world.ts";
import { expectAccepted, itRejects, judge, type RejectionCase } from "./judging.ts";

const random = seededRandom(caseSeed("gpu binding"));
const address = (): Address => toHex(random.bytes(20));
const domain: TeeDomain = { chainId: 31_337n, registry: address() };
const [signer, hpkeKey] = [address(), toHex(random.bytes(32))];
const challenge = challengeHash(toHex(random.bytes(32)), 7n, domain.registry);
const nonce = gpuNonce(signer, hpkeKey, challenge);
const gpus = ["first", "second"].map((gpu) => mintGpuWorld({ seed: caseSeed("gpu binding"), gpu }));
const [first = mintGpuWorld({ seed: "" }), second = first] = gpus;

const asked = (gpu: GpuWorld, by: Hex = nonce): GpuEvidence => gpu.evidence({ nonce: bytesOf(by) });
const chipOf = (gpu: GpuWorld) => ({ chip: sha256(gpu.certificates.chip.key.point) });
const keysFor = (evidence: readonly GpuEvidence[], chips: readonly GpuWorld[]): TeeKeys => ({
  nodeId: 7n,
  ...{ owner: domain.registry, signer, hpkeKey },
  gpuId: gpuIdOf(chips.map(chipOf)),
  gpuEvidenceHash: gpuEvidenceHash(evidence),
  runtimeHash: zeroHash,
});
const dataFor = (keys: TeeKeys): Hex => concat([bindingHash(domain, keys), challenge]);

/** A TEE that stands for these GPUs as it should, but for what is given. */
const bound = (evidence: readonly GpuEvidence[], chips = gpus, changes: Partial<GpuBindingQuestion> = {}) => {
  const keys = changes.keys ?? keysFor(evidence, chips);
  const question = { reportData: dataFor(keys), domain, keys, challenge, evidence, at: first.at, root: first.root };
  return verifyGpuBinding({ ...question, ...changes });
};

const evidence = gpus.map((gpu) => asked(gpu));
const keys = keysFor(evidence, gpus);
const [one, two] = [asked(first), asked(second)];
const elsewhere = challengeHash(zeroHash, 7n, domain.registry);

const splices: readonly RejectionCase[] = [
  ["evidence of another GPU", "gpu-evidence-hash", () => bound([two], [first], { keys: keysFor([one], [first]) })],
  [
    "another report of the same GPU",
    "gpu-evidence-hash",
    () =>
      bound([first.evidence({ nonce: bytesOf(nonce), ownNonce: random.bytes(32) })], [first], {
        keys: keysFor([one], [first]),
      }),
  ],
  ["evidence in another order", "gpu-evidence-hash", () => bound([two, one], gpus, { keys })],
  ["less evidence than is bound", "gpu-evidence-hash", () => bound([one], gpus, { keys })],
  ["evidence where none is bound", "gpu-evidence-hash", () => bound([one], [first], { keys: keysFor([], []) })],
  [
    "keys that the quote does not name",
    "report-data",
    () => bound(evidence, gpus, { reportData: dataFor({ ...keys, runtimeHash: nonce }) }),
  ],
  ["another challenge than the quote's", "report-data", () => bound(evidence, gpus, { challenge: elsewhere })],
  ["a quote of another registry", "report-data", () => bound(evidence, gpus, { domain: { ...domain, chainId: 1n } })],
  [
    "report data that go on",
    "report-data",
    () => bound(evidence, gpus, { reportData: concat([dataFor(keys), "0x00"]) }),
  ],
  [
    "a GPU that was asked for another challenge",
    "gpu-nonce",
    () => bound([asked(first, gpuNonce(signer, hpkeKey, elsewhere))], [first]),
  ],
  [
    "a GPU that was asked for another signer",
    "gpu-nonce",
    () => bound([asked(first, gpuNonce(domain.registry, hpkeKey, challenge))], [first]),
  ],
  [
    "a GPU that was asked for another key to seal to",
    "gpu-nonce",
    () => bound([asked(first, gpuNonce(signer, zeroHash, challenge))], [first]),
  ],
  ["one GPU twice", "gpu-duplicate", () => bound([one, one], [first, first])],
  [
    "one GPU twice, in two reports",
    "gpu-duplicate",
    () => bound([one, first.evidence({ nonce: bytesOf(nonce), ownNonce: random.bytes(32) })], [first, first]),
  ],
  ["other GPUs than are named", "gpu-id", () => bound([one], [second])],
  ["GPUs that are not named", "gpu-id", () => bound([one], [])],
  ["a GPU of another root", "root-unknown", () => bound(evidence, gpus, { root: nonce })],
  ["a GPU of a chip that is not accepted", "gpu-model", () => bound(evidence, gpus, { models: ["GB100"] })],
  ["a chain that is no PEM", "pem-malformed", () => bound([{ ...one, chain: "x" }], [first], { keys })],
];

describe("Binding of GPUs", () => {
  printSeedOnFailure();

  it("asks GPUs with sha256 of tag, signer, HPKE key and challenge", () => {
    const parts = ["0x41544f4d415f4750555f5631", signer, hpkeKey, challenge] as const;
    expect(nonce).to.equal(sha256(concat(parts)));
    expect(
      gpuNonce("0x0101010101010101010101010101010101010101", `0x${"02".repeat(32)}`, `0x${"03".repeat(32)}`),
    ).to.equal("0xd65c650fe5f67119039640350abc18c1541678fb6183c2c6ed49c2aeaaa1555b");
    expect(() => gpuNonce("0x01", hpkeKey, challenge)).to.throw(RangeError, "20 bytes");
    expect(() => gpuNonce(signer, "0x01", challenge)).to.throw(RangeError, "32");
  });

  it("hashes evidence as reports and certificates in DER, and chips in ascending order", () => {
    const tuple = { type: "tuple[]", components: [{ type: "bytes" }, { type: "bytes[]" }] } as const;
    const gpu = [toHex(one.report), first.chain.map(toHex)] as const;
    expect(gpuEvidenceHash([one])).to.equal(keccak256(encodeAbiParameters([tuple], [[gpu]])));
    expect(gpuEvidenceHash([{ ...one, chain: one.chain.replaceAll("\n", "\r\n") }])).to.equal(gpuEvidenceHash([one]));
    const chips = gpus.map(chipOf);
    expect(gpuIdOf(chips)).to.equal(gpuIdOf([...chips].reverse()));
    expect(gpuIdOf(chips)).to.equal(keccak256(concat(chips.map(({ chip }) => chip).sort())));
    expect([gpuEvidenceHash([]), gpuIdOf([])]).to.deep.equal([zeroHash, zeroHash]);
  });

  it("is accepted for one GPU, for two in either order, and for none", () => {
    for (const worlds of [[first], [first, second], [second, first], []]) {
      const { claims, ...verdict } = bound(
        worlds.map((gpu) => asked(gpu)),
        worlds,
      );
      expectAccepted(verdict);
      expect(claims?.map(({ chip }) => ({ chip }))).to.deep.equal(worlds.map(chipOf));
    }
  });

  itRejects(splices);

  it("stands in a quote, which then refuses the evidence of any other GPU", () => {
    const tee = mintWorld({ seed: caseSeed("gpu quote") });
    const mine = keysFor([one], [first]);
    const quote = tee.quote({ reportData: bytesOf(dataFor(mine)) }).bytes;
    const { verdict, facts } = verifyQuote({ quote, collateral: tee.collateral(), at: tee.at, rootKey: tee.rootKey });
    expect(verdict).to.equal("accept");
    const reportData = facts.reportData ?? "0x";
    expectAccepted(bound([one], [first], { keys: mine, reportData }));
    expectAccepted(judge(second, { ...two, nonce })); // genuine, and asked for the same keys
    const spliced = bound([two], [second], { keys: mine, reportData });
    expect(spliced.reason?.code).to.equal("gpu-evidence-hash");
    const renamed = bound([two], [second], { reportData });
    expect(renamed.reason?.code).to.equal("report-data");
  });
});
