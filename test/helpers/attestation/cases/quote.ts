import { bytesOf, concat, flipped, littleEndian, zeros } from "../../../../keepers/attestation/dev/bytes.ts";
import { mintKey } from "../../../../keepers/attestation/dev/key.ts";
import { seededRandom } from "../../../../keepers/attestation/dev/random.ts";
import { tdAttributeBits } from "../../../../sdk/attestation/report-td.ts";
import { caseSeed } from "../seed.ts";
import { mintWorld } from "../world.ts";
import type { WorldQuoteOptions } from "../../../../keepers/attestation/dev/world-quote.ts";
import { type AcceptanceCase, ask, type RejectionCase } from "./ask.ts";

export const world = mintWorld({ seed: caseSeed("quote") });
const stranger = mintKey(seededRandom(caseSeed("stranger")));
const sgx = world.collateral({ tee: "SGX" });

const withQuote = (options: WorldQuoteOptions) => () =>
  ask(world, {
    quote: world.quote(options).bytes,
    ...(options.tee === "SGX" || options.version === 3 ? { collateral: sgx } : {}),
  });
const withBytes =
  (change: (bytes: Uint8Array) => Uint8Array, options: WorldQuoteOptions = {}) =>
  () =>
    ask(world, { quote: change(world.quote(options).bytes), ...(options.version === 3 ? { collateral: sgx } : {}) });
const attributes = (hex: string) => ({ body: { tdAttributes: bytesOf(hex) } });
/** TDATTRIBUTES with these bits, counted from the lowest. */
const withBits = (...bits: readonly number[]) => {
  const sum = bits.reduce((all, bit) => all | (1n << BigInt(bit)), 0n);
  return { body: { tdAttributes: littleEndian(sum, 8) } };
};
const migratable = 29;
const vendor = new Uint8Array(16).fill(1);

export const headers: readonly RejectionCase[] = [
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

export const ends: readonly RejectionCase[] = [
  ["nothing", "quote-malformed", () => ask(world, { quote: zeros(0) })],
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

export const signatures: readonly RejectionCase[] = [
  ["a body that a stranger signed", "quote-signature", withQuote({ signWith: stranger })],
  [
    "a report of the quoting enclave that a stranger signed",
    "qe-report-signature",
    withQuote({ signQeReportWith: stranger }),
  ],
  ["an attestation key that was not reported", "qe-report-data", withQuote({ qeReportData: zeros(64) })],
  ["report data that ends in more than zeros", "qe-report-data", () => ask(world, { quote: withReportEnd().bytes })],
];

function withReportEnd() {
  const { bytes, spans } = world.quote();
  const reported = bytes.slice(spans.qeReport.end - 64, spans.qeReport.end - 32);
  return world.quote({ qeReportData: concat(reported, Uint8Array.of(1), zeros(31)) });
}

export const reports: readonly RejectionCase[] = [
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
  ["a TD of TDX 1.0 that can be migrated", "td-attributes", withQuote(withBits(28, migratable))],
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

const mrServiceTd = flipped(zeros(48), 9);
const otherServiceTd = flipped(zeros(48), 3);
const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString("hex")}` as const;
const withServiceTds =
  (...serviceTds: readonly Uint8Array[]) =>
  () =>
    ask(world, { quote: world.quote({ version: 5, body: { mrServiceTd } }).bytes, serviceTds: serviceTds.map(hex) });
export const serviceTds: readonly RejectionCase[] = [
  ["a service TD where another one is named", "service-td", withServiceTds(otherServiceTd)],
];

export const accepted: readonly AcceptanceCase[] = [
  ["a quote as Intel's machines make it", () => ask(world)],
  ...[1, 70, 3_000].map((length): AcceptanceCase => [
    `a TD's quote before ${length} zeros, which its quote service adds`,
    withQuote({ trailing: zeros(length) }),
  ]),
  ...tdAttributeBits.map((bit): AcceptanceCase => [
    `a TD of TDX 1.${bit === migratable ? 5 : 0} with the attributes 28 and ${bit}`,
    withQuote({ version: bit === migratable ? 5 : 4, ...withBits(28, bit) }),
  ]),
  ["a TD without attributes", withQuote(withBits())],
  ["a service TD that is named", withServiceTds(otherServiceTd, mrServiceTd)],
  ...[0, 1, 1_000].map((length): AcceptanceCase => [
    `authentication data of ${length} bytes`,
    withQuote({ authData: new Uint8Array(length).fill(3) }),
  ]),
];
