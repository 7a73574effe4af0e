import type { Hex } from "viem";
import { toHex } from "./bytes.ts";
import type { Certificate } from "./certificate.ts";
import type { BodyKind, Quote, Tee } from "./quote.ts";
import type { SgxReport } from "./report-sgx.ts";
import type { TdReport } from "./report-td.ts";
import type { SgxExtension } from "./sgx-extension.ts";

/** What the quote itself says. `attestationKey` is x || y. */
export type ReportFacts = {
  readonly version: 3 | 4 | 5;
  readonly tee: Tee;
  readonly body: BodyKind;
  readonly measurements: Readonly<Record<string, Hex | number>>;
  readonly reportData: Hex;
  readonly attestationKey: Hex;
};

/** What Intel certifies about the machine. The PPID names the machine. */
export type PlatformFacts = {
  readonly ppid: Hex;
  readonly fmspc: Hex;
  readonly pceId: Hex;
  readonly pceSvn: number;
  readonly cpuSvn: Hex;
  readonly platformType: SgxExtension["type"];
  readonly pckSerial: Hex;
};

/** Of the collateral: Intel's evaluation numbers, and when everything that was used is valid (unix seconds, inclusive). */
export type CollateralFacts = {
  readonly tcbEvaluationNumber: number;
  readonly qeEvaluationNumber: number;
  readonly validFrom: number;
  readonly validUntil: number;
};

/** All that was found out. Of a quote that was rejected nothing here is proven, and what was not reached is missing. */
export type Facts = Partial<ReportFacts & PlatformFacts & CollateralFacts>;

/** A parsed body: one of the two. */
export type Report =
  { readonly sgx: SgxReport; readonly td?: undefined } | { readonly td: TdReport; readonly sgx?: undefined };

export function reportFactsOf({ version, tee, kind, attestationKey }: Quote, { sgx, td }: Report): ReportFacts {
  return {
    version,
    tee,
    body: kind,
    measurements: td === undefined ? enclaveMeasurements(sgx) : tdMeasurements(td),
    reportData: toHex((td ?? sgx).reportData),
    attestationKey: toHex(attestationKey),
  };
}

export function platformFactsOf(platform: SgxExtension, { serial }: Certificate): PlatformFacts {
  return {
    ppid: toHex(platform.ppid),
    fmspc: toHex(platform.fmspc),
    pceId: toHex(platform.pceId),
    pceSvn: platform.pceSvn,
    cpuSvn: toHex(platform.cpuSvn),
    platformType: platform.type,
    pckSerial: toHex(serial),
  };
}

function tdMeasurements({ reportData: _, ...fields }: TdReport): Record<string, Hex> {
  return hexOf(Object.entries(fields));
}

function enclaveMeasurements({ reportData: _, ...report }: SgxReport): Record<string, Hex | number> {
  const { isvProdId, isvSvn, configSvn, ...fields } = report;
  const measured = Object.entries(fields).filter(([name]) => !name.startsWith("reserved"));
  return { ...hexOf(measured), isvProdId, isvSvn, configSvn };
}

function hexOf(entries: readonly (readonly [name: string, bytes: Uint8Array])[]): Record<string, Hex> {
  return Object.fromEntries(entries.map(([name, bytes]) => [name, toHex(bytes)]));
}
