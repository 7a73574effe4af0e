/** Mints quotes of versions 3, 4 and 5 (Intel's DCAP quote formats), signed from the PCK down. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesOf, concat, textBytes, u16, u32, zeros } from "./bytes.ts";
import { sign, type KeyPair, type SChoice } from "./key.ts";
import { encodeEnclave, type EnclaveReport } from "./report.ts";

export const intelQeVendorId = bytesOf("939a7233f79c4ca9940a0db3957f0607");
const attestationKeyType = 2;
const pemChainType = 5;
const qeReportType = 6;

export type QuoteVersion = 3 | 4 | 5;

export type QuoteHeader = {
  readonly version: number;
  readonly attestationKeyType: number;
  /** 0 SGX, 0x81 TDX; reserved and zero in version 3. */
  readonly teeType: number;
  /** Zero in versions 4 and 5. */
  readonly qeSvn: number;
  readonly pceSvn: number;
  readonly qeVendorId: Uint8Array;
  readonly userData: Uint8Array;
};

export type QuoteOptions = {
  readonly version: QuoteVersion;
  readonly header?: Partial<QuoteHeader>;
  readonly body: Uint8Array;
  /** Only version 5: 1 SGX, 2 TD 1.0, 3 TD 1.5. */
  readonly bodyType?: number;
  /** Only version 5: what the descriptor says instead of the body's length. */
  readonly bodySize?: number;
  readonly attestationKey: KeyPair;
  /** Its report data is computed unless given here. */
  readonly qeReport: EnclaveReport;
  readonly qeReportData?: Uint8Array;
  readonly authData: Uint8Array;
  readonly pckKey: KeyPair;
  /** The certification data: PEM of leaf, intermediate, root, and Intel's NUL at the end. */
  readonly pem: string | Uint8Array;
  readonly pemType?: number;
  readonly outerType?: number;
  /** Differences added to the three lengths that a quote names. */
  readonly lengthOffBy?: { readonly signature?: number; readonly outer?: number; readonly pem?: number };
  readonly s?: SChoice;
  readonly qeS?: SChoice;
  /** Keys that sign in place of the right ones. */
  readonly signWith?: KeyPair;
  readonly signQeReportWith?: KeyPair;
  /** Bytes after the end. */
  readonly trailing?: Uint8Array;
};

export type Span = { readonly start: number; readonly end: number };

/** Where each part lies. `descriptor` and `outer` are empty in versions without them. */
export type QuoteSpans = Readonly<
  Record<
    | "header"
    | "descriptor"
    | "body"
    | "signatureLength"
    | "signature"
    | "attestationKey"
    | "outer"
    | "qeReport"
    | "qeSignature"
    | "authSize"
    | "authData"
    | "pemHeader"
    | "pem",
    Span
  >
>;

export type Quote = {
  readonly bytes: Uint8Array;
  readonly spans: QuoteSpans;
  readonly attestationKey: KeyPair;
  readonly options: QuoteOptions;
};

const headerBytes = ({ version, header = {} }: QuoteOptions): Uint8Array =>
  concat(
    u16(header.version ?? version),
    u16(header.attestationKeyType ?? attestationKeyType),
    u32(header.teeType ?? 0),
    u16(header.qeSvn ?? 0),
    u16(header.pceSvn ?? 0),
    header.qeVendorId ?? intelQeVendorId,
    header.userData ?? zeros(20),
  );

const descriptorBytes = ({ version, body, bodyType, bodySize }: QuoteOptions): Uint8Array =>
  version === 5 ? concat(u16(bodyType ?? 1), u32(bodySize ?? body.length)) : zeros(0);

/** What the quoting enclave reports: that this attestation key is its own. */
export const keyReportData = (attestationKey: KeyPair, authData: Uint8Array): Uint8Array =>
  concat(sha256(concat(attestationKey.point, authData)), zeros(32));

const qeReportBytes = ({ qeReport, qeReportData, attestationKey, authData }: QuoteOptions): Uint8Array =>
  encodeEnclave({ ...qeReport, reportData: qeReportData ?? keyReportData(attestationKey, authData) });

type Parts = Readonly<Record<keyof QuoteSpans, Uint8Array>>;

const certificationParts = (
  options: QuoteOptions,
): Pick<Parts, "qeReport" | "qeSignature" | "authSize" | "authData" | "pemHeader" | "pem"> => {
  const qeReport = qeReportBytes(options);
  const pem = typeof options.pem === "string" ? textBytes(options.pem) : options.pem;
  const { pemType = pemChainType, lengthOffBy } = options;
  return {
    qeReport,
    qeSignature: sign(qeReport, options.signQeReportWith ?? options.pckKey, options.qeS),
    authSize: u16(options.authData.length),
    authData: options.authData,
    pemHeader: concat(u16(pemType), u32(pem.length + (lengthOffBy?.pem ?? 0))),
    pem,
  };
};

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

const outerBytes = ({ version, outerType = qeReportType, lengthOffBy }: QuoteOptions, inner: number): Uint8Array =>
  version === 3 ? zeros(0) : concat(u16(outerType), u32(inner + (lengthOffBy?.outer ?? 0)));

/** In the order in which they stand. */
const partsOf = (options: QuoteOptions): Parts => {
  const head = { header: headerBytes(options), descriptor: descriptorBytes(options), body: options.body };
  const { attestationKey, lengthOffBy } = options;
  const signature = sign(concat(...Object.values(head)), options.signWith ?? attestationKey, options.s);
  const certification = certificationParts(options);
  const inner = lengthOf(Object.values(certification));
  const outer = outerBytes(options, inner);
  const length = signature.length + attestationKey.point.length + outer.length + inner;
  return {
    ...head,
    signatureLength: u32(length + (lengthOffBy?.signature ?? 0)),
    signature,
    attestationKey: attestationKey.point,
    outer,
    ...certification,
  };
};

const spansOf = (parts: Parts): QuoteSpans => {
  let at = 0;
  const entries = Object.entries(parts).map(([name, part]) => {
    const start = at;
    at += part.length;
    return [name, { start, end: at }] as const;
  });
  return Object.fromEntries(entries) as QuoteSpans;
};

export const mintQuote = (options: QuoteOptions): Quote => {
  const parts = partsOf(options);
  return {
    bytes: concat(...Object.values(parts), options.trailing ?? zeros(0)),
    spans: spansOf(parts),
    attestationKey: options.attestationKey,
    options,
  };
};
