import { sameBytes, toHex } from "../bytes.ts";
import type { Certificate } from "../certificate.ts";
import { contentOf, DerError, derTag, parseDer, sequenceOf } from "../der.ts";
import { oidOf, smallIntegerOf } from "../der-values.ts";
import { demand, EvidenceError } from "../evidence-error.ts";
import { parsing } from "../x509.ts";
import { type Opaque, opaqueType } from "./opaque.ts";

const compositeDeviceId = "2.23.133.5.4.1";
const sha384Oid = "2.16.840.1.101.3.4.2.2";
const sha384Bytes = 48;

/**
 * SHA-384 of the firmware that the leaf's key belongs to, as the chip's boot ROM wrote it into the leaf certificate: SEQUENCE
 * { version 1, key of the chip, SEQUENCE { algorithm, digest } }. Throws an EvidenceError where it is missing or malformed.
 */
export function firmwareIdOf({ extensions }: Certificate): Uint8Array {
  const extension = extensions.get(compositeDeviceId);
  if (extension === undefined)
    throw new EvidenceError("certificate-unsupported", "The GPU's certificate names no firmware.");
  return parsing("certificate-malformed", "The firmware's name in the GPU's certificate", () => {
    const [version, key, firmware, ...rest] = sequenceOf(parseDer(extension.value));
    const [algorithm, digest, ...more] = sequenceOf(firmware);
    if (smallIntegerOf(version, 255) !== 1) throw new DerError("It is not of version 1.");
    if (key === undefined || rest.length + more.length > 0) throw new DerError("It has not three parts.");
    const bytes = contentOf(digest, derTag.octetString);
    if (oidOf(algorithm) !== sha384Oid || bytes.length !== sha384Bytes) throw new DerError("It is no SHA-384 digest.");
    return bytes;
  });
}

/** Throws an EvidenceError if the report names other firmware than the certificate. Reports of old firmware name none. */
export function checkFirmwareId(opaque: Opaque, certified: Uint8Array): void {
  const reported = opaque.get(opaqueType.firmwareId);
  if (reported === undefined) return;
  const fault = `The GPU's report names firmware ${toHex(reported)}, its certificate ${toHex(certified)}.`;
  demand(sameBytes(reported, certified), "gpu-firmware", fault);
}
