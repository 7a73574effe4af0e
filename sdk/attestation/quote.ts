import { isZero, littleEndian, toHex } from "./bytes.ts";
import { demand } from "./evidence-error.ts";
import { makeReader, type Reader } from "./reader.ts";
import { sgxReportBytes } from "./report-sgx.ts";
import { td10ReportBytes, td15ReportBytes } from "./report-td.ts";
import { pairBytes } from "./signature.ts";

/** What a quote speaks of: an enclave, or a TD by a report of version 1.0 or 1.5. */
export type BodyKind = "SGX" | "TD 1.0" | "TD 1.5";

/** Kinds of trusted execution environments. */
export type Tee = "SGX" | "TDX";

/** A DCAP quote, cut into its parts. Signatures are r || s, the key is x || y, `pckChain` is PEM from the leaf. */
export type Quote = {
  readonly version: 3 | 4 | 5;
  readonly tee: Tee;
  readonly kind: BodyKind;
  readonly body: Uint8Array;
  /** Header and body, with what version 5 has between them: what the attestation key signs. */
  readonly signedBody: Uint8Array;
  readonly signature: Uint8Array;
  readonly attestationKey: Uint8Array;
  readonly qeReport: Uint8Array;
  readonly qeReportSignature: Uint8Array;
  readonly authData: Uint8Array;
  readonly pckChain: Uint8Array;
};

const headerBytes = 48;
const intelQuotingEnclave = "0x939a7233f79c4ca9940a0db3957f0607";
const ecdsaP256 = 2;
const pckChainData = 5;
const qeReportData = 6;
const teeNumbers = { SGX: 0x00, TDX: 0x81 } as const;
const bodyBytes: Readonly<Record<BodyKind, number>> = {
  SGX: sgxReportBytes,
  "TD 1.0": td10ReportBytes,
  "TD 1.5": td15ReportBytes,
};
/** Numbers of body kinds in version 5. */
const bodyKinds: ReadonlyMap<number, BodyKind> = new Map([
  [1, "SGX"],
  [2, "TD 1.0"],
  [3, "TD 1.5"],
]);

/**
 * Cuts a quote of version 3, 4 or 5 into its parts. Nothing may follow it but, for TDX, zeros: the quote service of TDX
 * answers in a buffer that is larger than the quote. Throws an EvidenceError.
 */
export function parseQuote(bytes: Uint8Array): Quote {
  const reader = makeReader(bytes, "quote-malformed", "The quote");
  const { version, tee } = parseHeader(reader.take(headerBytes));
  const kind = version === 5 ? parseDescriptor(reader, tee) : tee === "TDX" ? "TD 1.0" : "SGX";
  const body = reader.take(bodyBytes[kind]);
  const signedBody = bytes.subarray(0, reader.offset());
  const signatures = reader.within(reader.uint(4), "The quote's signature data");
  const padding = reader.rest();
  const isPadding = padding.length === 0 || (tee === "TDX" && isZero(padding));
  demand(isPadding, "quote-malformed", `${padding.length} bytes follow the quote.`);
  return { version, tee, kind, body, signedBody, ...parseSignatures(signatures, version) };
}

function parseHeader(header: Uint8Array): { version: 3 | 4 | 5; tee: Tee } {
  const version = littleEndian(header.subarray(0, 2));
  const isKnown = version === 3 || version === 4 || version === 5;
  demand(isKnown, "quote-unsupported", `The quote is of version ${version}.`);
  const keyType = littleEndian(header.subarray(2, 4));
  demand(keyType === ecdsaP256, "quote-unsupported", `The quote's attestation key is of type ${keyType}.`);
  const vendor = toHex(header.subarray(12, 28));
  demand(vendor === intelQuotingEnclave, "quote-unsupported", `The quoting enclave is of vendor ${vendor}.`);
  return { version, tee: teeOf(littleEndian(header.subarray(4, 8)), version) };
}

/** In version 3 the field is reserved, and only enclaves have quotes. */
function teeOf(number: number, version: number): Tee {
  if (number === teeNumbers.SGX) return "SGX";
  demand(number === teeNumbers.TDX && version > 3, "quote-unsupported", `The quote's TEE type is ${number}.`);
  return "TDX";
}

function parseDescriptor(reader: Reader, tee: Tee): BodyKind {
  const type = reader.uint(2);
  const size = reader.uint(4);
  const kind = bodyKinds.get(type);
  demand(kind !== undefined, "quote-unsupported", `The quote's body is of type ${type}.`);
  demand((kind === "SGX") === (tee === "SGX"), "quote-malformed", `The quote is of ${tee}, its body of ${kind}.`);
  demand(size === bodyBytes[kind], "quote-malformed", `A body of ${kind} cannot have ${size} bytes.`);
  return kind;
}

/** Since version 4 the report of the quoting enclave is wrapped in certification data of its own. */
function parseSignatures(reader: Reader, version: number) {
  const signature = reader.take(pairBytes);
  const attestationKey = reader.take(pairBytes);
  const inner = version === 3 ? reader : certificationOf(reader, qeReportData);
  const qeReport = inner.take(sgxReportBytes);
  const qeReportSignature = inner.take(pairBytes);
  const authData = inner.take(inner.uint(2));
  const pckChain = certificationOf(inner, pckChainData).rest();
  return { signature, attestationKey, qeReport, qeReportSignature, authData, pckChain };
}

/** The last thing in the reader: certification data of this type. */
function certificationOf(reader: Reader, type: number): Reader {
  const found = reader.uint(2);
  demand(found === type, "quote-unsupported", `The quote has certification data of type ${found} instead of ${type}.`);
  const data = reader.within(reader.uint(4), `Certification data of type ${type}`);
  const after = reader.rest().length;
  demand(after === 0, "quote-malformed", `${after} bytes follow certification data of type ${type}.`);
  return data;
}
