import { parseFields } from "./json-fields.ts";
import { evaluationNumberOf, type PartLevel, partLevelsOf, validityOf } from "./tcb-info.ts";
import type { Validity } from "./validity.ts";

/** Intel's signed word on its quoting enclave: what a report of it must say, and what its versions are worth. */
export type QeIdentity = {
  readonly id: "QE" | "TD_QE";
  readonly validity: Validity;
  readonly evaluationNumber: number;
  /** Little-endian, as reports have it; the text has it in that order too. */
  readonly miscSelect: Uint8Array;
  readonly miscSelectMask: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly levels: readonly PartLevel[];
};

/** Parses the signed text of a QE identity, version 2. Fields that are not known are passed over. Throws an EvidenceError. */
export function parseQeIdentity(text: string): QeIdentity {
  const fields = parseFields(text, "qe_identity");
  fields.integer("version", 2, 2);
  return {
    id: fields.oneOf("id", ["QE", "TD_QE"]),
    validity: validityOf(fields),
    evaluationNumber: evaluationNumberOf(fields),
    miscSelect: fields.bytes("miscselect", 4),
    miscSelectMask: fields.bytes("miscselectMask", 4),
    attributes: fields.bytes("attributes", 16),
    attributesMask: fields.bytes("attributesMask", 16),
    mrSigner: fields.bytes("mrsigner", 32),
    isvProdId: fields.integer("isvprodid", 0, 65_535),
    levels: partLevelsOf(fields),
  };
}
