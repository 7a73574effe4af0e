/** Quotes of a world's machine. */
import { concat, textBytes, zeros } from "./bytes.ts";
import type { Certificate } from "./certificate.ts";
import type { KeyPair } from "./key.ts";
import { pemChain } from "./pem.ts";
import type { Platform } from "./platform.ts";
import { mintQuote, type Quote, type QuoteHeader, type QuoteOptions, type QuoteVersion } from "./quote.ts";
import type { Random } from "./random.ts";
import {
  encodeEnclave,
  encodeTd10,
  encodeTd15,
  randomEnclave,
  randomTd,
  type EnclaveReport,
  type TdReport,
} from "./report.ts";
import type { Tee } from "../../../sdk/attestation/quote.ts";

export type WorldQuoteOptions = Partial<Omit<QuoteOptions, "body" | "qeReport">> & {
  /** 4 unless given. Version 3 knows SGX only. */
  readonly version?: QuoteVersion;
  readonly tee?: Tee;
  /** 1.5 in version 5 unless given. */
  readonly td?: "1.0" | "1.5";
  /** 64 bytes. */
  readonly reportData?: Uint8Array;
  readonly body?: Partial<TdReport> | Partial<EnclaveReport>;
  /** In place of all fields of the body. */
  readonly rawBody?: Uint8Array;
  readonly qeReport?: Partial<EnclaveReport>;
  /** DER of leaf, intermediate, root. */
  readonly chain?: readonly Uint8Array[];
  /** False leaves out the NUL at the end of the PEM. */
  readonly nul?: boolean;
  /** Another name gives another quote of the same machine: other measurements, the same keys. */
  readonly name?: string;
};

export type QuotingPlatform = {
  readonly random: Random;
  readonly platform: Platform;
  readonly chain: readonly Certificate[];
  readonly pckKey: KeyPair;
};

const bodyTypes = { SGX: 1, "1.0": 2, "1.5": 3 } as const;

type Kind = { readonly version: QuoteVersion; readonly tee: Tee; readonly td: "1.0" | "1.5" };

const kindOf = (options: WorldQuoteOptions): Kind => {
  const { version = 4 } = options;
  const tee = options.tee ?? (version === 3 ? "SGX" : "TDX");
  return { version, tee, td: options.td ?? (version === 5 ? "1.5" : "1.0") };
};

const bodyOf = (random: Random, platform: Platform, { tee, td }: Kind, options: WorldQuoteOptions): Uint8Array => {
  if (options.rawBody !== undefined) return options.rawBody;
  const given = { ...options.body, ...(options.reportData === undefined ? {} : { reportData: options.reportData }) };
  if (tee === "SGX") return encodeEnclave({ ...randomEnclave(random), ...(given as Partial<EnclaveReport>) });
  const report = { ...randomTd(random, platform.teeTcbSvn, platform.seamSigner), ...(given as Partial<TdReport>) };
  return td === "1.5" ? encodeTd15(report) : encodeTd10(report);
};

const headerOf = (random: Random, platform: Platform, { version, tee }: Kind): Partial<QuoteHeader> => ({
  teeType: tee === "TDX" ? 0x81 : 0,
  userData: concat(random.fork("QE id").bytes(16), zeros(4)),
  ...(version === 3 ? { qeSvn: platform.enclaves.SGX.isvSvn, pceSvn: platform.sgx.pceSvn } : {}),
});

const enclaveReport = (random: Random, platform: Platform, tee: Tee): EnclaveReport => ({
  ...randomEnclave(random.fork(`${tee} QE report`)),
  ...platform.enclaves[tee],
});

/** 0, 1, 2, ... as Intel's quoting enclaves write it. */
const usualAuthData = Uint8Array.from({ length: 32 }, (_, i) => i);

export const worldQuote = ({ random, platform, chain, pckKey }: QuotingPlatform, options: WorldQuoteOptions): Quote => {
  const kind = kindOf(options);
  const own = random.fork(`quote ${options.name ?? ""}`);
  const pem = pemChain(options.chain ?? chain.map(({ der }) => der));
  return mintQuote({
    bodyType: bodyTypes[kind.tee === "SGX" ? "SGX" : kind.td],
    attestationKey: platform.attestationKeys[kind.tee],
    authData: usualAuthData,
    pckKey,
    pem: concat(textBytes(pem), zeros(options.nul === false ? 0 : 1)),
    ...options,
    version: kind.version,
    body: bodyOf(own, platform, kind, options),
    header: { ...headerOf(random, platform, kind), ...options.header },
    qeReport: { ...enclaveReport(random, platform, kind.tee), ...options.qeReport },
  });
};
