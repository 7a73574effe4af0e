/** Bodies of reports: of an enclave (384 bytes), of a TD under TDX 1.0 (584) and under TDX 1.5 (648). */
import { bytesOf, concat, u16, zeros } from "./bytes.ts";
import type { Random } from "./random.ts";

export type EnclaveReport = {
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: Uint8Array;
  readonly reserved1: Uint8Array;
  readonly isvExtProdId: Uint8Array;
  /** Flags (8 bytes), then XFRM (8 bytes). Bit 1 of the flags is DEBUG. */
  readonly attributes: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly reserved2: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly reserved3: Uint8Array;
  readonly configId: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly configSvn: number;
  readonly reserved4: Uint8Array;
  readonly isvFamilyId: Uint8Array;
  readonly reportData: Uint8Array;
};

/** A production enclave with random measurements. */
export const randomEnclave = (random: Random): EnclaveReport => ({
  cpuSvn: random.bytes(16),
  miscSelect: zeros(4),
  reserved1: zeros(12),
  isvExtProdId: zeros(16),
  attributes: bytesOf("1500000000000000e700000000000000"),
  mrEnclave: random.bytes(32),
  reserved2: zeros(32),
  mrSigner: random.bytes(32),
  reserved3: zeros(32),
  configId: zeros(64),
  isvProdId: random.integer(0, 65_535),
  isvSvn: random.integer(0, 65_535),
  configSvn: 0,
  reserved4: zeros(42),
  isvFamilyId: zeros(16),
  reportData: random.bytes(64),
});

export const encodeEnclave = (report: EnclaveReport): Uint8Array =>
  concat(
    report.cpuSvn,
    report.miscSelect,
    report.reserved1,
    report.isvExtProdId,
    report.attributes,
    report.mrEnclave,
    report.reserved2,
    report.mrSigner,
    report.reserved3,
    report.configId,
    u16(report.isvProdId),
    u16(report.isvSvn),
    u16(report.configSvn),
    report.reserved4,
    report.isvFamilyId,
    report.reportData,
  );

export type TdReport = {
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  /** Little-endian bits; bit 0 is DEBUG. */
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  readonly rtmr0: Uint8Array;
  readonly rtmr1: Uint8Array;
  readonly rtmr2: Uint8Array;
  readonly rtmr3: Uint8Array;
  readonly reportData: Uint8Array;
  /** These two only under TDX 1.5. */
  readonly teeTcbSvn2: Uint8Array;
  readonly mrServiceTd: Uint8Array;
};

/** Bit 28: what verifiers of TDs usually want to see. */
const septVeDisable = bytesOf("0000001000000000");

/** A production TD with random measurements on the platform of these two values. */
export const randomTd = (random: Random, teeTcbSvn: Uint8Array, mrSignerSeam: Uint8Array): TdReport => ({
  teeTcbSvn,
  mrSeam: random.bytes(48),
  mrSignerSeam,
  seamAttributes: zeros(8),
  tdAttributes: septVeDisable,
  xfam: bytesOf(random.pick(["e700060000000000", "e702060000000000", "e718060000000000"])),
  mrTd: random.bytes(48),
  mrConfigId: random.bytes(48),
  mrOwner: random.bytes(48),
  mrOwnerConfig: random.bytes(48),
  rtmr0: random.bytes(48),
  rtmr1: random.bytes(48),
  rtmr2: random.bytes(48),
  rtmr3: random.bytes(48),
  reportData: random.bytes(64),
  teeTcbSvn2: teeTcbSvn,
  mrServiceTd: zeros(48),
});

export const encodeTd10 = (report: TdReport): Uint8Array =>
  concat(
    report.teeTcbSvn,
    report.mrSeam,
    report.mrSignerSeam,
    report.seamAttributes,
    report.tdAttributes,
    report.xfam,
    report.mrTd,
    report.mrConfigId,
    report.mrOwner,
    report.mrOwnerConfig,
    report.rtmr0,
    report.rtmr1,
    report.rtmr2,
    report.rtmr3,
    report.reportData,
  );

export const encodeTd15 = (report: TdReport): Uint8Array =>
  concat(encodeTd10(report), report.teeTcbSvn2, report.mrServiceTd);
