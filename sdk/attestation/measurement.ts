import { concat, type Hex, keccak256, stringToHex } from "viem";
import { littleEndian, toHex } from "./bytes.ts";
import { EvidenceError } from "./evidence-error.ts";
import { parseSgxReport, sgxReportBytes } from "./report-sgx.ts";
import { parseTdReport, type TdReport, td10ReportBytes } from "./report-td.ts";

/** What a measurement covers beside the code: sums of these. */
export const tdParts = { configId: 1, rtmr3: 2, owner: 4 } as const;
export const sgxParts = { configId: 1, bySigner: 2 } as const;

const headerBytes = 48;
const descriptorBytes = 6;

/** What runs in a TEE, as workloads list it; equals `ITeeRegistry.measurementOf`. `signedBody` is a verified quote's. */
export function measurementOf(signedBody: Uint8Array, parts: number): Hex {
  const isDescribed = littleEndian(signedBody.subarray(0, 2)) === 5;
  const report = signedBody.subarray(headerBytes + (isDescribed ? descriptorBytes : 0));
  if (report.length === sgxReportBytes) return ofEnclave(report, parts);
  if (report.length >= td10ReportBytes) return ofTd(parseTdReport(report), parts);
  throw new EvidenceError("quote-malformed", `A report has ${report.length} bytes.`);
}

function ofTd(td: TdReport, parts: number): Hex {
  const zeros = new Uint8Array(48);
  const chosen = (part: number, ...fields: Uint8Array[]) =>
    fields.map((field) => ((parts & part) === 0 ? zeros : field));
  return hashOf("TDX", [
    ...[td.tdAttributes, td.xfam, td.mrTd, td.rtmr0, td.rtmr1, td.rtmr2],
    ...chosen(tdParts.configId, td.mrConfigId),
    ...chosen(tdParts.rtmr3, td.rtmr3),
    ...chosen(tdParts.owner, td.mrOwner, td.mrOwnerConfig),
    td.mrServiceTd ?? zeros,
  ]);
}

function ofEnclave(bytes: Uint8Array, parts: number): Hex {
  const { attributes, mrEnclave, mrSigner, configId } = parseSgxReport(bytes);
  const config = (parts & sgxParts.configId) === 0 ? [new Uint8Array(66)] : [configId, bytes.subarray(260, 262)];
  if ((parts & sgxParts.bySigner) === 0) return hashOf("SGX", [attributes, mrEnclave, ...config]);
  return hashOf("SGX signer", [attributes, mrSigner, bytes.subarray(256, 258), ...config]);
}

const hashOf = (tag: string, parts: readonly Uint8Array[]): Hex =>
  keccak256(concat([stringToHex(tag), ...parts.map(toHex)]));
