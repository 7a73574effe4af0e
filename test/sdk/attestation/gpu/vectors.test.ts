import { createVerify, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { zeroHash } from "viem";
import { z } from "zod";
import { bindingHash, type TeeKeys } from "../../../../sdk/attestation/binding.ts";
import { gpuEvidenceHash, gpuIdOf } from "../../../../sdk/attestation/gpu/gpu-hashes.ts";
import { verifyGpuBinding } from "../../../../sdk/attestation/gpu/verify-gpu-binding.ts";
import { type GpuQuestion, verifyGpuEvidence } from "../../../../sdk/attestation/gpu/verify-gpu-evidence.ts";
import { verifyQuote } from "../../../../sdk/attestation/verify-quote.ts";
import { attestationFolder } from "../../../../scripts/vectors/attestation-folder.ts";
import { readDcapManifest } from "../../../../scripts/vectors/dcap-file.ts";
import { readJson } from "../../../../scripts/vectors/files.ts";
import { type NvidiaEntry, readNvidiaManifest } from "../../../../scripts/vectors/nvidia-file.ts";
import { flipped } from "../../../../keepers/attestation/dev/bytes.ts";

const folder = attestationFolder();
const at = 1_781_056_800; // 2026-06-10, when the composite was captured
const fleetFile = "nvidia/h100x4-drv590.evidence.json";
const compositeFile = "composite-h100/gpu-evidence.json";
const bindingFile = "composite-h100/binding.json";
const hash = z.string().transform((digits) => `0x${digits}` as const);
const listed = z.object({ evidence: z.base64(), certificate: z.base64() });
const composite = z.object({ nonce: hash, evidence_list: z.array(listed) });
const fleet = z.array(listed.extend({ nonce: hash }));
const binding = z.object({
  signing_address: z.string().transform((text) => text as `0x${string}`),
  request_nonce: hash,
});

const questionOf = ({ evidence, certificate }: z.infer<typeof listed>): GpuQuestion => ({
  report: new Uint8Array(Buffer.from(evidence, "base64")),
  chain: Buffer.from(certificate, "base64").toString(),
  at,
});

/** Node's own X.509 and ECDSA: the chain's signatures, and that of the report. */
const isGenuineToNode = ({ report, chain }: GpuQuestion): boolean => {
  const certificates = (chain.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  );
  const [leaf] = certificates;
  if (leaf === undefined) return false;
  const signed = createVerify("sha384").update(report.subarray(0, -96));
  const isReported = signed.verify({ key: leaf.publicKey, dsaEncoding: "ieee-p1363" }, report.subarray(-96));
  return isReported && certificates.every((one, i) => one.verify((certificates[i + 1] ?? one).publicKey));
};

const acceptedOf = (entries: readonly NvidiaEntry[]): GpuQuestion[] =>
  entries.filter(({ verdict }) => verdict === "accept").map(({ report, chain }) => ({ report, chain, at }));

const expectNarrow = (question: GpuQuestion): void => {
  const from = verifyGpuEvidence(question).claims?.validFrom ?? 0;
  expect(verifyGpuEvidence({ ...question, at: from }).verdict).to.equal("accept");
  const codeOf = (changes: Partial<GpuQuestion>) => verifyGpuEvidence({ ...question, ...changes }).reason?.code;
  expect(codeOf({ at: from - 1 })).to.equal("certificate-not-yet-valid");
  expect(codeOf({ at: 253_402_300_800 })).to.equal("certificate-expired");
  expect(codeOf({ nonce: zeroHash })).to.equal("gpu-nonce");
  expect(codeOf({ root: zeroHash })).to.equal("root-unknown");
  expect(codeOf({ models: ["GB100"] })).to.equal("gpu-model");
};

describe("Real GPUs", function () {
  this.timeout(600_000);
  const { path } = folder;
  if (path === undefined) {
    it("are verified where there is evidence of any", function () {
      console.log(`      skipped: ${folder.absent}`);
      this.skip();
    });
    return;
  }
  const read = async <T>(name: string, schema: z.ZodType<T>) => schema.parse(await readJson(join(path, name)));
  /** A test of files that a folder may lack: it says so then. */
  const itWith = (files: readonly string[], title: string, test: () => Promise<void>) =>
    it(title, function () {
      const missing = files.filter((name) => !existsSync(join(path, name)));
      if (missing.length === 0) return test();
      console.log(`      skipped: ${path} has no ${missing.join(", ")}.`);
      return this.skip();
    });
  const readComposite = () => read(compositeFile, composite);

  it("come out as the manifest says, and as Node's own cryptography says", async () => {
    const entries = await readNvidiaManifest(path);
    for (const { name, report, chain, nonce, verdict, ...entry } of entries) {
      const question = { report, chain, at: entry.at ?? at, ...(nonce === undefined ? {} : { nonce }) };
      const found = verifyGpuEvidence(question);
      const { driver = found.claims?.driver, vbios = found.claims?.vbios } = entry;
      const versions = [found.claims?.driver, found.claims?.vbios];
      expect([name, found.verdict, ...versions]).to.deep.equal([name, verdict, driver, vbios]);
      expect(isGenuineToNode(question)).to.equal(found.reason?.code !== "gpu-report-signature");
      if (found.claims !== undefined) expect(Object.keys(found.claims.measurements)).to.have.length(64);
    }
  });

  itWith([fleetFile], "of one machine are four chips of four names under one nonce", async () => {
    const gpus = await read(fleetFile, fleet);
    const claims = gpus.map((gpu) => {
      expect(isGenuineToNode(questionOf(gpu))).to.equal(true);
      return verifyGpuEvidence({ ...questionOf(gpu), nonce: gpu.nonce }).claims;
    });
    expect(claims.map((one) => one?.driver)).to.deep.equal(Array(4).fill("590.12"));
    expect(new Set(claims.map((one) => one?.ueid)).size).to.equal(4);
    expect(new Set(claims.map((one) => one?.chip)).size).to.equal(4);
  });

  itWith([fleetFile], "cannot lend each other report or chain", async () => {
    const gpus = (await read(fleetFile, fleet)).map(questionOf);
    for (const [i, { report }] of gpus.entries())
      for (const [j, { chain }] of gpus.entries()) {
        const code = verifyGpuEvidence({ report, chain, at }).reason?.code;
        expect([i, j, code]).to.deep.equal([i, j, i === j ? undefined : "gpu-report-signature"]);
      }
  });

  itWith([compositeFile], "of the composite are named as NVIDIA's service names them", async () => {
    const { nonce, evidence_list: list } = await readComposite();
    const claims = list.map((one) => verifyGpuEvidence({ ...questionOf(one), nonce }).claims);
    expect(claims.map((one) => [one?.driver, one?.vbios])).to.deep.equal([["570.172.08", "96.00.D0.00.03"]]);
    expect(claims[0]?.ueid).to.equal(482873259178876764428644219417865506940909712063n);
  });

  it("are valid from when their certificates are, and refuse another nonce, root and model", async () => {
    for (const question of acceptedOf(await readNvidiaManifest(path))) expectNarrow(question);
  });

  it("are rejected with any bit of the report changed", async () => {
    const step = process.env.ATOMA_EVERY_BYTE === undefined ? 53 : 1;
    for (const question of acceptedOf(await readNvidiaManifest(path)))
      for (let i = 0; i < question.report.length; i += step) {
        const report = flipped(question.report, i, 1 << ((i * 5) % 8));
        expect([i, verifyGpuEvidence({ ...question, report }).verdict]).to.deep.equal([i, "reject"]);
      }
  });

  itWith(
    [compositeFile, bindingFile],
    "of the composite are no part of its quote: both are genuine, but the quote does not commit to the GPU",
    async () => {
      const { signing_address: signer, request_nonce: challenge } = await read(bindingFile, binding);
      const evidence = (await readComposite()).evidence_list.map(questionOf);
      const [quote] = (await readDcapManifest(path)).filter(({ name }) => name.startsWith("composite"));
      if (quote === undefined) throw new Error("The manifest has no composite.");
      const { verdict, facts } = verifyQuote(quote);
      const claims = evidence.map((one) => verifyGpuEvidence({ ...one, nonce: challenge }).claims);
      expect([verdict, claims.includes(undefined)]).to.deep.equal(["accept", false]);
      expect(facts.reportData?.slice(66)).to.equal(challenge.slice(2));
      const keys: TeeKeys = {
        ...{ nodeId: 0n, owner: signer, signer, hpkeKey: zeroHash, runtimeHash: zeroHash },
        gpuEvidenceHash: gpuEvidenceHash(evidence),
        gpuId: gpuIdOf(claims.flatMap((one) => one ?? [])),
      };
      const domain = { chainId: 1n, registry: signer };
      const asked = { domain, keys, challenge, evidence, at };
      const refused = verifyGpuBinding({ ...asked, reportData: facts.reportData ?? "0x" });
      expect(refused.reason?.code).to.equal("report-data");
      const committed = verifyGpuBinding({
        ...asked,
        reportData: `${bindingHash(domain, keys)}${challenge.slice(2)}` as const,
      });
      expect(committed.reason?.code).to.equal("gpu-nonce"); // nor was the GPU asked for these keys
    },
  );
});
