import { isZero } from "../bytes.ts";
import { asciiOf } from "../der-values.ts";
import { demand, EvidenceError } from "../evidence-error.ts";
import type { Reader } from "../reader.ts";

/** Types of NVIDIA's opaque values that are read here (nvtrust, `spdm_msrt_resp_msg.py`). */
export const opaqueType = {
  driverVersion: 3,
  vbiosVersion: 6,
  chipSku: 15,
  project: 17,
  projectSku: 18,
  firmwareId: 20,
} as const;

/** Names of types that are read here. */
export type OpaqueName = keyof typeof opaqueType;

/** Opaque values by type. */
export type Opaque = ReadonlyMap<number, Uint8Array>;

const vbiosBytes = 8;

/** Values by type: type and length of two bytes each, little-endian, then the value; no type twice. Throws an EvidenceError. */
export function parseOpaque(reader: Reader): Opaque {
  const values = new Map<number, Uint8Array>();
  for (let left = reader.left(); left > 0; left = reader.left()) {
    const type = reader.uint(2);
    demand(!values.has(type), "gpu-report-malformed", `The GPU's report has the opaque value ${type} twice.`);
    values.set(type, reader.take(reader.uint(2)));
  }
  return values;
}

/** A text that ends in one or more NUL bytes; undefined where the report has none. Throws an EvidenceError. */
export function textOf(opaque: Opaque, name: OpaqueName): string | undefined {
  const bytes = opaque.get(opaqueType[name]);
  if (bytes === undefined) return undefined;
  const [, text] = /^([ -~]*)\0+$/.exec(asciiOf(bytes)) ?? [];
  if (text === undefined)
    throw new EvidenceError("gpu-report-malformed", `The GPU's report has no text as its ${name}.`);
  return text;
}

/** The same where the report must have one that is not empty. Throws an EvidenceError. */
export function requiredTextOf(opaque: Opaque, name: OpaqueName): string {
  const text = textOf(opaque, name) ?? "";
  demand(text !== "", "gpu-report-unsupported", `The GPU's report has no ${name}.`);
  return text;
}

/**
 * The version of the VBIOS as NVIDIA writes it, such as 96.00.5E.00.01: four bytes backwards, then the fifth. The other three
 * must be zero. Throws an EvidenceError.
 */
export function vbiosVersionOf(opaque: Opaque): string {
  const bytes = opaque.get(opaqueType.vbiosVersion);
  if (bytes === undefined) throw new EvidenceError("gpu-report-unsupported", "The GPU's report has no vbiosVersion.");
  const isWellFormed = bytes.length === vbiosBytes && isZero(bytes.subarray(5));
  demand(isWellFormed, "gpu-report-malformed", "The GPU's report has a VBIOS version of another form.");
  const digits = [...bytes.slice(0, 4).reverse(), ...bytes.slice(4, 5)];
  return digits.map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(".");
}
