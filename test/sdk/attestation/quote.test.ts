import { expect } from "chai";
import { bytesOf, concat, flipped, zeros } from "../../../keepers/attestation/dev/bytes.ts";
import { mintKey } from "../../../keepers/attestation/dev/key.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";
import type { WorldQuoteOptions } from "../../../keepers/attestation/dev/world-quote.ts";
import { expectAccepted, expectRejected, itRejects, judge, type RejectionCase } from "./judging.ts";

const world = mintWorld({ seed: caseSeed("quote") });
const stranger = mintKey(seededRandom(caseSeed("stranger")));
const sgx = world.collateral({ tee: "SGX" });

const withQuote = (options: WorldQuoteOptions) => () =>
  judge(world, {
    quote: world.quote(options).bytes,
    ...(options.tee === "SGX" || options.version === 3 ? { collateral: sgx } : {}),
  });
const withBytes =
  (change: (bytes: Uint8Array) => Uint8Array, options: WorldQuoteOptions = {}) =>
  () =>
    judge(world, { quote: change(world.quote(options).bytes), ...(options.version === 3 ? { collateral: sgx } : {}) });
const attributes = (hex: string) => ({ body: { tdAttributes: bytesOf(hex) } });
const vendor = new Uint8Array(16).fill(1);

const headers: readonly RejectionCase[] = [
  ["version 2", "quote-unsupported", withQuote({ header: { version: 2 } })],
  ["version 6", "quote-unsupported", withQuote({ header: { version: 6 } })],
  ["an attestation key on P-384", "quote-unsupported", withQuote({ header: { attestationKeyType: 3 } })],
  ["a quoting enclave of another vendor", "quote-unsupported", withQuote({ header: { qeVendorId: vendor } })],
  ["another TEE", "quote-unsupported", withQuote({ header: { teeType: 1 } })],
  [
    "a TEE in the reserved bytes of version 3",
    "quote-unsupported",
    withQuote({ version: 3, header: { teeType: 0x81 } }),
  ],
  ["SGX in the header before a TD's body", "quote-malformed", withQuote({ version: 5, header: { teeType: 0 } })],
  [
    "TDX in the header before an enclave's body",
    "quote-malformed",
    withQuote({ version: 5, tee: "SGX", header: { teeType: 0x81 } }),
  ],
  ["an unknown body", "quote-unsupported", withQuote({ version: 5, bodyType: 4 })],
  ["a body of another size than its type's", "quote-malformed", withQuote({ version: 5, bodySize: 584 })],
  ["a TD 1.5 that says to be a TD 1.0", "quote-malformed", withQuote({ version: 5, bodyType: 2 })],
];

const ends: readonly RejectionCase[] = [
  ["nothing", "quote-malformed", () => judge(world, { quote: zeros(0) })],
  ["a header alone", "quote-malformed", withBytes((bytes) => bytes.slice(0, 48))],
  ["a quote that lacks its last byte", "quote-malformed", withBytes((bytes) => bytes.slice(0, -1))],
  ["a byte after a quote", "quote-malformed", withQuote({ trailing: Uint8Array.of(1) })],
  ["a byte after zeros after a TD's quote", "quote-malformed", withQuote({ trailing: Uint8Array.of(0, 0, 1) })],
  ["a zero after an enclave's quote", "quote-malformed", withQuote({ tee: "SGX", trailing: zeros(1) })],
  ["a zero after a quote of version 3", "quote-malformed", withQuote({ version: 3, trailing: zeros(1) })],
  ["a signature length that is too long", "quote-malformed", withQuote({ lengthOffBy: { signature: 1 } })],
  ["a signature length that is too short", "quote-malformed", withQuote({ lengthOffBy: { signature: -1 } })],
  ["certification data that is too long", "quote-malformed", withQuote({ lengthOffBy: { outer: 1 } })],
  ["certification data that is too short", "quote-malformed", withQuote({ lengthOffBy: { outer: -1 } })],
  ["a chain that is too long", "quote-malformed", withQuote({ lengthOffBy: { pem: 1 } })],
  ["a chain that is too short", "quote-malformed", withQuote({ lengthOffBy: { pem: -1 } })],
  ["another type of certification data", "quote-unsupported", withQuote({ pemType: 3 })],
  ["another type of data around it", "quote-unsupported", withQuote({ outerType: 5 })],
  ["two NUL bytes after the chain", "pem-malformed", withQuote({ pem: concat(pemOf(), zeros(2)) })],
  ["text between the certificates", "pem-malformed", withQuote({ pem: concat(pemOf(), bytesOf("0a61"), pemOf()) })],
];

function pemOf(): Uint8Array {
  const { bytes, spans } = world.quote({ nul: false });
  return bytes.slice(spans.pem.start, spans.pem.end);
}

const signatures: readonly RejectionCase[] = [
  ["a body that a stranger signed", "quote-signature", withQuote({ signWith: stranger })],
  [
    "a report of the quoting enclave that a stranger signed",
    "qe-report-signature",
    withQuote({ signQeReportWith: stranger }),
  ],
  ["an attestation key that was not reported", "qe-report-data", withQuote({ qeReportData: zeros(64) })],
  ["report data that ends in more than zeros", "qe-report-data", () => judge(world, { quote: withReportEnd().bytes })],
];

function withReportEnd() {
  const { bytes, spans } = world.quote();
  const reported = bytes.slice(spans.qeReport.end - 64, spans.qeReport.end - 32);
  return world.quote({ qeReportData: concat(reported, Uint8Array.of(1), zeros(31)) });
}

const reports: readonly RejectionCase[] = [
  ["a TD that is debugged", "debug", withQuote(attributes("0100001000000000"))],
  ["a TD 1.5 that is debugged", "debug", withQuote({ version: 5, ...attributes("0100000000000000") })],
  [
    "an enclave that is debugged",
    "debug",
    withQuote({ version: 3, body: { attributes: bytesOf(`07${"00".repeat(15)}`) } }),
  ],
  [
    "a quoting enclave that is debugged",
    "debug",
    withQuote({ qeReport: { attributes: bytesOf(`13${"00".repeat(15)}`) } }),
  ],
  ["a TD that its host profiles", "td-attributes", withQuote(attributes("2000001000000000"))],
  ["a TD with reserved attributes", "td-attributes", withQuote(attributes("0000001001000000"))],
  ["a TDX module with attributes", "seam-attributes", withQuote({ body: { seamAttributes: flipped(zeros(8), 3) } })],
  [
    "a service TD that is not named",
    "service-td",
    withQuote({ version: 5, body: { mrServiceTd: flipped(zeros(48), 9) } }),
  ],
  ...(["reserved1", "reserved2", "reserved3", "reserved4"] as const).flatMap((field): RejectionCase[] => {
    const set = { [field]: flipped(zeros({ reserved1: 12, reserved2: 32, reserved3: 32, reserved4: 42 }[field]), 5) };
    return [
      [`an enclave with ${field} set`, "report-reserved", withQuote({ version: 3, body: set })],
      [`a quoting enclave with ${field} set`, "qe-report-reserved", withQuote({ qeReport: set })],
    ];
  }),
];

describe("Quotes", () => {
  printSeedOnFailure();
  it("are accepted as Intel's machines make them", () => expectAccepted(judge(world)));
  itRejects(headers);
  itRejects(ends);
  itRejects(signatures);
  itRejects(reports);

  it("of TDs may end in zeros, which their quote service adds", () => {
    for (const length of [1, 70, 3_000]) expectAccepted(withQuote({ trailing: zeros(length) })());
  });

  it("may have any attribute of a TD that is not for its host", () => {
    for (const attribute of ["0000009000000000", "0000002800000000", "00000040000000c0", "0000010000000000"])
      expectAccepted(withQuote(attributes(attribute))());
  });

  it("may have a service TD that is named, and no other", () => {
    const mrServiceTd = flipped(zeros(48), 9);
    const quote = world.quote({ version: 5, body: { mrServiceTd } }).bytes;
    const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString("hex")}` as const;
    expectAccepted(judge(world, { quote, serviceTds: [hex(flipped(zeros(48), 3)), hex(mrServiceTd)] }));
    expectRejected(judge(world, { quote, serviceTds: [hex(flipped(zeros(48), 3))] }), "service-td");
  });

  it("may have any authentication data", () => {
    for (const length of [0, 1, 1_000]) expectAccepted(withQuote({ authData: new Uint8Array(length).fill(3) })());
  });

  it("are not read beyond what they say: cut anywhere they are malformed", () => {
    const { bytes, spans } = world.quote({ version: 5 });
    for (let length = 0; length < spans.pem.start; length += 7)
      expect(judge(world, { quote: bytes.slice(0, length) }).reason?.code, `${length}`).to.equal("quote-malformed");
  });
});
