import { isZero, littleEndian } from "./bytes.ts";
import { demand, type ReasonCode } from "./evidence-error.ts";
import { cut, lengthOf } from "./layout.ts";

const layout = [
  ["cpuSvn", 16],
  ["miscSelect", 4],
  ["reserved1", 12],
  ["isvExtProdId", 16],
  ["attributes", 16],
  ["mrEnclave", 32],
  ["reserved2", 32],
  ["mrSigner", 32],
  ["reserved3", 32],
  ["configId", 64],
  ["isvProdId", 2],
  ["isvSvn", 2],
  ["configSvn", 2],
  ["reserved4", 42],
  ["isvFamilyId", 16],
  ["reportData", 64],
] as const;

/** Length of an enclave's report. */
export const sgxReportBytes = lengthOf(layout);

/** A report of an SGX enclave, the quoting enclave included. */
export type SgxReport = Omit<ReturnType<typeof cutReport>, "isvProdId" | "isvSvn" | "configSvn"> & {
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly configSvn: number;
};

const cutReport = (bytes: Uint8Array) => cut(bytes, layout);
const debugBit = 0x02;

/** Cuts 384 bytes into the fields of a report. */
export function parseSgxReport(bytes: Uint8Array): SgxReport {
  const fields = cutReport(bytes);
  return {
    ...fields,
    isvProdId: littleEndian(fields.isvProdId),
    isvSvn: littleEndian(fields.isvSvn),
    configSvn: littleEndian(fields.configSvn),
  };
}

/** Throws an EvidenceError if the enclave is being debugged, or if what is reserved is not zero. */
export function checkSgxReport(report: SgxReport, what: string, reservedCode: ReasonCode): void {
  const { reserved1, reserved2, reserved3, reserved4, attributes } = report;
  const isClean = [reserved1, reserved2, reserved3, reserved4].every(isZero);
  demand(isClean, reservedCode, `Reserved bytes are set in ${what}.`);
  demand(((attributes[0] ?? debugBit) & debugBit) === 0, "debug", `The enclave of ${what} can be debugged.`);
}
