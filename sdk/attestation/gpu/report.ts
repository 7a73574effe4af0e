import { bigEndian } from "../bytes.ts";
import { demand } from "../evidence-error.ts";
import { makeReader, type Reader } from "../reader.ts";
import { parseMeasurements } from "./measurements.ts";
import { parseOpaque } from "./opaque.ts";

const what = "The GPU's report";
const signatureBytes = 96;
const nonceBytes = 32;
const maxReportBytes = 65_536;
const maxSlot = 7;

/** SPDM 1.1 (DSP0274): version, code, and the two parameters of a signed request for all measurements, and of its answer. */
const getAllSigned = 0x11e0_01ff;
const measurementsCode = 0x1160;

/**
 * A GPU's answer to a request for its measurements, with the request before it. `nonce` is the requester's, the GPU's own is
 * not kept. Measurements are SHA-384 digests by index, from 1 on; opaque values are NVIDIA's, by type.
 */
export type GpuReport = {
  readonly nonce: Uint8Array;
  readonly measurements: ReadonlyMap<number, Uint8Array>;
  readonly opaque: ReadonlyMap<number, Uint8Array>;
  /** All but the signature. */
  readonly signedBytes: Uint8Array;
  /** r || s, 48 bytes each. */
  readonly signature: Uint8Array;
};

/**
 * Takes a report apart: GET_MEASUREMENTS request of 37 bytes, then MEASUREMENTS response, of SPDM 1.1, at most 65,536 bytes
 * together. Every length must be exact. Nothing is verified but form. Throws an EvidenceError.
 */
export function parseGpuReport(bytes: Uint8Array): GpuReport {
  const isShort = bytes.length <= maxReportBytes;
  demand(isShort, "gpu-report-malformed", `${what} has ${bytes.length} bytes; at most are ${maxReportBytes}.`);
  const reader = makeReader(bytes, "gpu-report-malformed", what);
  const { nonce, slot } = readRequest(reader);
  const count = readResponseHead(reader, slot);
  const record = reader.within(reader.uint(3), `${what}'s measurement record`);
  const measurements = parseMeasurements(record, count);
  reader.take(nonceBytes);
  const opaque = parseOpaque(reader.within(reader.uint(2), `${what}'s opaque data`));
  const signedBytes = bytes.subarray(0, reader.offset());
  const signature = reader.take(signatureBytes);
  const trailing = reader.rest().length;
  demand(trailing === 0, "gpu-report-malformed", `${trailing} bytes follow the signature of ${what}.`);
  return { nonce, measurements, opaque, signedBytes, signature };
}

function readRequest(reader: Reader): { nonce: Uint8Array; slot: number } {
  const head = bigEndian(reader.take(4));
  const isKnown = head === getAllSigned;
  demand(isKnown, "gpu-report-unsupported", `${what} answers no signed SPDM 1.1 request for all measurements.`);
  const nonce = reader.take(nonceBytes);
  const slot = reader.uint(1);
  demand(slot <= maxSlot, "gpu-report-malformed", `${what} is asked of slot ${slot}; the last one is ${maxSlot}.`);
  return { nonce, slot };
}

/** How many measurement blocks the response says it has. */
function readResponseHead(reader: Reader, slot: number): number {
  const isKnown = bigEndian(reader.take(2)) === measurementsCode;
  demand(isKnown, "gpu-report-unsupported", `${what} holds no MEASUREMENTS response of SPDM 1.1.`);
  const isAnswer = reader.uint(1) === 0 && reader.uint(1) === slot;
  demand(isAnswer, "gpu-report-malformed", `${what} has parameters that do not answer the request.`);
  return reader.uint(1);
}
