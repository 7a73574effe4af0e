import { demand } from "../evidence-error.ts";
import type { Reader } from "../reader.ts";

const dmtfSpecification = 1;
const sha384Bytes = 48;
const rawBit = 0x80;

/**
 * The digests of a measurement record by their index: exactly so many blocks in DMTF's layout (index, specification, size;
 * type, size, value), with ascending indices from 1 on, each a SHA-384 digest. Throws an EvidenceError.
 */
export function parseMeasurements(record: Reader, count: number): ReadonlyMap<number, Uint8Array> {
  const measurements = new Map<number, Uint8Array>();
  let last = 0;
  for (let i = 0; i < count; i++) {
    const index = record.uint(1);
    demand(
      index > last,
      "gpu-report-malformed",
      `Measurement ${index} of the GPU's report follows measurement ${last}.`,
    );
    measurements.set(index, readDigest(record, `Measurement ${index} of the GPU's report`));
    last = index;
  }
  const trailing = record.rest().length;
  demand(
    trailing === 0,
    "gpu-report-malformed",
    `${trailing} bytes follow the ${count} measurements of the GPU's report.`,
  );
  return measurements;
}

function readDigest(record: Reader, what: string): Uint8Array {
  const isDmtf = record.uint(1) === dmtfSpecification;
  demand(isDmtf, "gpu-report-unsupported", `${what} is not in DMTF's layout.`);
  const block = record.within(record.uint(2), what);
  const isDigest = (block.uint(1) & rawBit) === 0;
  const value = block.take(block.uint(2));
  demand(block.rest().length === 0, "gpu-report-malformed", `${what} is shorter than its block.`);
  demand(isDigest && value.length === sha384Bytes, "gpu-report-unsupported", `${what} is no SHA-384 digest.`);
  return value;
}
