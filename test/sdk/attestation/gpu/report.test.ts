import { expect } from "chai";
import { toHex } from "../../../../sdk/attestation/bytes.ts";
import { EvidenceError } from "../../../../sdk/attestation/evidence-error.ts";
import { parseGpuReport } from "../../../../sdk/attestation/gpu/report.ts";
import { bytesOf, concat, flipped, zeros } from "../../../../keepers/attestation/dev/bytes.ts";
import {
  type BlockOptions,
  type GpuReportOptions,
  measurementBlock,
  opaqueText,
  opaqueValue,
} from "../../../../keepers/attestation/dev/gpu-report.ts";
import { mintGpuWorld } from "../../../../keepers/attestation/dev/gpu-world.ts";
import { mintKey } from "../../../../keepers/attestation/dev/key.ts";
import { seededRandom } from "../../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../../helpers/attestation/seed.ts";
import { mutate } from "../../../helpers/attestation/mutate.ts";
import { expectAccepted, expectRejected, itRejects, judge, type RejectionCase } from "./judging.ts";

const world = mintGpuWorld({ seed: caseSeed("gpu report") });
const nonce = seededRandom(caseSeed("gpu nonce")).bytes(32);
const random = seededRandom(caseSeed("gpu digest"));
const digest = random.bytes(48);
const opaqueBytes = concat(...world.opaque).length;
const recordBytes = 64 * 55;
const withReport = (changes: Partial<GpuReportOptions>) => () => judge(world, { report: world.report(changes) });
const withBlock = (options: BlockOptions, value = digest, index = 64) =>
  withReport({ blocks: [...blocksUpTo(63), measurementBlock(index, value, options)] });
const blocksUpTo = (count: number) => world.digests.slice(0, count).map((one, i) => measurementBlock(i + 1, one));
const without = (type: number) => world.opaque.filter(([low]) => low !== type);
const withOpaque = (type: number, value: Uint8Array) =>
  withReport({ opaque: [...without(type), opaqueValue(type, value)] });

const heads: readonly RejectionCase[] = [
  ...["10e001ff", "12e001ff", "116001ff", "11e000ff", "11e00101"].map((head): RejectionCase => [
    `a request that begins with ${head}`,
    "gpu-report-unsupported",
    withReport({ requestHead: bytesOf(head) }),
  ]),
  ["a slot that there is not", "gpu-report-malformed", withReport({ slot: 8 })],
  ["an answer of another slot", "gpu-report-malformed", withReport({ slot: 1, responseHead: bytesOf("11600000") })],
  ["an answer with a first parameter", "gpu-report-malformed", withReport({ responseHead: bytesOf("11600100") })],
  ["an answer of another version", "gpu-report-unsupported", withReport({ responseHead: bytesOf("12600000") })],
  ["an answer that is an error", "gpu-report-unsupported", withReport({ responseHead: bytesOf("117f0000") })],
];

const blocks: readonly RejectionCase[] = [
  ["more blocks than there are", "gpu-report-malformed", withReport({ blockCount: 65 })],
  ["fewer blocks than there are", "gpu-report-malformed", withReport({ blockCount: 63 })],
  ["a record that is longer than its blocks", "gpu-report-malformed", withReport({ recordLength: recordBytes + 1 })],
  ["a record that is shorter than its blocks", "gpu-report-malformed", withReport({ recordLength: recordBytes - 1 })],
  ["a record that is longer than the report", "gpu-report-malformed", withReport({ recordLength: 0xff_ffff })],
  ["a block that is longer than its value", "gpu-report-malformed", withBlock({ size: 52 })],
  ["a block that is shorter than its value", "gpu-report-malformed", withBlock({ size: 50 })],
  ["a value that is longer than its block", "gpu-report-malformed", withBlock({ valueSize: 49 })],
  ["a value that is shorter than its block", "gpu-report-malformed", withBlock({ valueSize: 47 })],
  ["a block of two bytes", "gpu-report-malformed", withBlock({ size: 2 })],
  ["an index that comes twice", "gpu-report-malformed", withBlock({}, digest, 63)],
  ["an index of zero", "gpu-report-malformed", withReport({ blocks: [measurementBlock(0, digest)] })],
  ["a measurement of another specification", "gpu-report-unsupported", withBlock({ specification: 2 })],
  ["a measurement in the raw", "gpu-report-unsupported", withBlock({ type: 0x81 })],
  ["a measurement by SHA-256", "gpu-report-unsupported", withBlock({}, digest.slice(0, 32))],
];

const values: readonly RejectionCase[] = [
  [
    "opaque data that are longer than their values",
    "gpu-report-malformed",
    withReport({ opaqueLength: opaqueBytes + 1 }),
  ],
  [
    "opaque data that are shorter than their values",
    "gpu-report-malformed",
    withReport({ opaqueLength: opaqueBytes - 1 }),
  ],
  ["opaque data that are longer than the report", "gpu-report-malformed", withReport({ opaqueLength: 0xffff })],
  [
    "an opaque value that is longer than the data",
    "gpu-report-malformed",
    withReport({ opaque: [...world.opaque, opaqueValue(99, zeros(4), 5)] }),
  ],
  [
    "an opaque value that is shorter than it is",
    "gpu-report-malformed",
    withReport({ opaque: [...world.opaque, opaqueValue(99, zeros(4), 3)] }),
  ],
  [
    "an opaque value that comes twice",
    "gpu-report-malformed",
    withReport({ opaque: [...world.opaque, opaqueText(3, "1")] }),
  ],
  ["no opaque values", "gpu-report-unsupported", withReport({ opaque: [] })],
  ["no version of the driver", "gpu-report-unsupported", withReport({ opaque: without(3) })],
  ["an empty version of the driver", "gpu-report-unsupported", withOpaque(3, zeros(1))],
  ["a version of the driver that does not end", "gpu-report-malformed", withOpaque(3, bytesOf("3131"))],
  ["a version of the driver that is no text", "gpu-report-malformed", withOpaque(3, bytesOf("311b00"))],
  ["a version of the driver with something behind its end", "gpu-report-malformed", withOpaque(3, bytesOf("31003100"))],
  ["no version of the VBIOS", "gpu-report-unsupported", withReport({ opaque: without(6) })],
  ["a version of the VBIOS of seven bytes", "gpu-report-malformed", withOpaque(6, zeros(7))],
  ["a version of the VBIOS with more parts", "gpu-report-malformed", withOpaque(6, bytesOf("005e009601000001"))],
  ["the name of other firmware", "gpu-firmware", withOpaque(20, flipped(world.firmwareId, 47))],
  ["the name of firmware cut off", "gpu-firmware", withOpaque(20, world.firmwareId.slice(0, 47))],
];

const signatures: readonly RejectionCase[] = [
  [
    "a report that another key signed",
    "gpu-report-signature",
    withReport({ key: mintKey(seededRandom(caseSeed("stranger")), "P-384") }),
  ],
  ["a report that the chip's key signed", "gpu-report-signature", withReport({ key: world.certificates.chip.key })],
  ["a report of another GPU", "gpu-report-signature", () => judge(world, { report: other.report() })],
  [
    "a signature of zeros",
    "gpu-report-signature",
    () => judge(world, { report: concat(world.report().slice(0, -96), zeros(96)) }),
  ],
  ["a report under another nonce", "gpu-nonce", () => judge(world, { nonce: toHex(nonce) })],
  [
    "the GPU's own nonce in the place of the verifier's",
    "gpu-nonce",
    () => judge(world, { report: world.report({ ownNonce: nonce }), nonce: toHex(nonce) }),
  ],
  [
    "a byte behind the report",
    "gpu-report-malformed",
    () => judge(world, { report: Uint8Array.of(...world.report(), 0) }),
  ],
  ["the report twice", "gpu-report-malformed", () => judge(world, { report: concat(world.report(), world.report()) })],
  ["a report that is too long to read", "gpu-report-malformed", () => judge(world, { report: zeros(65_537) })],
  [
    "a report cut off before a chain that is none",
    "gpu-report-malformed",
    () => judge(world, { report: zeros(0), chain: "" }),
  ],
];
const other = mintGpuWorld({ seed: caseSeed("gpu report"), gpu: "other" });

describe("Reports of GPUs", function () {
  this.timeout(300_000);
  printSeedOnFailure();

  it("are accepted, whatever the half of s, and tell what they measure", () => {
    for (const s of ["low", "high"] as const) {
      const { claims, ...verdict } = judge(world, { report: world.report({ nonce, s }), nonce: toHex(nonce) });
      expectAccepted(verdict);
      expect(claims).to.deep.include({
        model: "GH100",
        nonce: toHex(nonce),
        driver: "535.86.09",
        vbios: "96.00.5E.00.01",
        firmwareId: toHex(world.firmwareId),
        sku: { project: "1010", projectSku: "0200", chipSku: "882" },
        measurements: Object.fromEntries(world.digests.map((one, i) => [i + 1, toHex(one)])),
        validUntil: 253_402_300_799,
      });
    }
  });

  it("name the same chip under new firmware, though its ueid is another", () => {
    const key = mintKey(seededRandom(caseSeed("new firmware")), "P-384");
    const updated = world.remint({ certificates: { leaf: { key, subject: other.certificates.leaf.subject } } });
    const [before, after, another] = [world, updated, other].map((one) => judge(one).claims);
    expect(after?.chip).to.equal(before?.chip).and.not.to.equal(another?.chip);
    expect(after?.ueid).to.be.a("bigint");
    expect(after?.ueid === before?.ueid).to.equal(false);
  });

  it("may name no firmware and no parts of the SKU, and be of any slot", () => {
    const { claims } = judge(world, {
      report: world.report({ opaque: world.opaque.filter(([low]) => low === 3 || low === 6), slot: 7 }),
    });
    expect(claims?.sku).to.deep.equal({ project: undefined, projectSku: undefined, chipSku: undefined });
    expect(claims?.firmwareId).to.equal(toHex(world.firmwareId));
  });

  it("hold all opaque values and measurements by their numbers, gaps among them", () => {
    const opaque = [...world.opaque, opaqueValue(0x1234, bytesOf("0102"))];
    const { claims } = judge(world, { report: world.report({ opaque, blocks: [measurementBlock(9, digest)] }) });
    expect(claims?.opaque[0x1234]).to.equal("0x0102");
    expect(claims?.measurements).to.deep.equal({ 9: toHex(digest) });
  });

  itRejects(heads);
  itRejects(blocks);
  itRejects(values);
  itRejects(signatures);

  it("are refused cut off at every length", () => {
    const report = world.report();
    for (let length = 0; length < report.length; length++)
      expectRejected(judge(world, { report: report.subarray(0, length) }), "gpu-report-malformed");
  });

  it("are rejected with any bit changed", () => {
    const report = world.report();
    const step = process.env.ATOMA_EVERY_BYTE === undefined ? 37 : 1;
    for (let i = random.integer(0, step - 1); i < report.length; i += step) {
      const { verdict } = judge(world, { report: flipped(report, i, 1 << ((i * 5) % 8)) });
      expect([i, verdict]).to.deep.equal([i, "reject"]);
    }
  });

  it("are parsed or refused with a reason, whatever is changed in them", () => {
    const report = world.report();
    let refused = 0;
    for (let run = 0; run < 4_000; run++) {
      try {
        parseGpuReport(mutate(random, report));
      } catch (error) {
        if (!(error instanceof EvidenceError)) throw error;
        refused++;
      }
    }
    expect(refused).to.be.greaterThan(1_000);
  });

  it("need a nonce and a root of 32 bytes, a clock, and chips by name", () => {
    expect(() => judge(world, { nonce: "0x00" })).to.throw(RangeError, "32 bytes");
    expect(() => judge(world, { root: "0x00" })).to.throw(RangeError, "32 bytes");
    expect(() => judge(world, { at: NaN })).to.throw(RangeError, "clock");
    expect(() => judge(world, { models: [".*"] })).to.throw(RangeError, "GH100");
  });
});
