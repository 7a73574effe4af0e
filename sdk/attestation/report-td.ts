import { isZero, sameBytes, toHex } from "./bytes.ts";
import { demand } from "./evidence-error.ts";
import { cut, lengthOf } from "./layout.ts";

const layout10 = [
  ["teeTcbSvn", 16],
  ["mrSeam", 48],
  ["mrSignerSeam", 48],
  ["seamAttributes", 8],
  ["tdAttributes", 8],
  ["xfam", 8],
  ["mrTd", 48],
  ["mrConfigId", 48],
  ["mrOwner", 48],
  ["mrOwnerConfig", 48],
  ["rtmr0", 48],
  ["rtmr1", 48],
  ["rtmr2", 48],
  ["rtmr3", 48],
  ["reportData", 64],
] as const;
const layout15 = [...layout10, ["teeTcbSvn2", 16], ["mrServiceTd", 48]] as const;

/** Lengths of reports of a TD, versions 1.0 and 1.5. */
export const td10ReportBytes = lengthOf(layout10);
export const td15ReportBytes = lengthOf(layout15);

/** A report of a TD. The last two fields are those of version 1.5. */
export type TdReport = ReturnType<typeof cut10> & {
  readonly teeTcbSvn2?: Uint8Array;
  readonly mrServiceTd?: Uint8Array;
};

const cut10 = (bytes: Uint8Array) => cut(bytes, layout10);

/**
 * Bits of TDATTRIBUTES that a TD may have: ICSSD 16, LASS 27, SEPT_VE_DISABLE 28, MIGRATABLE 29, PKS 30, KL 31, TPA 62,
 * PERFMON 63. Debugging (0), profiling by the host (4, 5, 6) and all that is reserved are refused.
 */
export const tdAttributeBits = [16, 27, 28, 29, 30, 31, 62, 63] as const;
const migratable = 29;

/** Cuts 584 or 648 bytes into the fields of a report. */
export function parseTdReport(bytes: Uint8Array): TdReport {
  return bytes.length === td15ReportBytes ? cut(bytes, layout15) : cut10(bytes);
}

/**
 * Throws an EvidenceError if the TD is being debugged, has attributes that are not known, runs on a TDX module that is not
 * for production, or has a service TD bound to it that is not among those allowed. Whoever migrates a TD can read it, and a report
 * of version 1.0 does not say who that is.
 */
export function checkTdReport(report: TdReport, allowedServiceTds: readonly Uint8Array[]): void {
  const { tdAttributes, seamAttributes, mrServiceTd } = report;
  const bits = bitsOf(tdAttributes);
  demand(!bits.includes(0), "debug", "The TD can be debugged.");
  const unknown = bits.filter((bit) => !tdAttributeBits.some((known) => known === bit));
  demand(unknown.length === 0, "td-attributes", `The TD has attributes with the bits ${unknown.join(", ")}.`);
  const seam = `The TDX module has the attributes ${toHex(seamAttributes)}.`;
  demand(isZero(seamAttributes), "seam-attributes", seam);
  const hidden = "The TD can be migrated, but a report of TDX 1.0 does not show the service TD that would do it.";
  demand(mrServiceTd !== undefined || !bits.includes(migratable), "td-attributes", hidden);
  if (mrServiceTd === undefined || isZero(mrServiceTd)) return;
  const isAllowed = allowedServiceTds.some((allowed) => sameBytes(allowed, mrServiceTd));
  demand(isAllowed, "service-td", `The service TD ${toHex(mrServiceTd)} is bound to the TD.`);
}

/** Positions of the bits that are set, counted from the first byte's lowest. */
function bitsOf(bytes: Uint8Array): number[] {
  return Array.from({ length: 8 * bytes.length }, (_, bit) => bit).filter(
    (bit) => (((bytes[Math.floor(bit / 8)] ?? 0) >> (bit % 8)) & 1) === 1,
  );
}
