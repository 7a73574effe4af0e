import { p256, p384 } from "@noble/curves/nist.js";

/** Length in bytes of a P-256 public key (x, y) and of its signatures (r, s), all numbers of 32 bytes, big-endian. */
export const pairBytes = 64;

/** ECDSA on one curve with one hash. Numbers are big-endian, of `numberBytes` bytes: keys are x || y, signatures r || s. */
export type EcdsaSuite = {
  readonly curve: "P-256" | "P-384";
  readonly hash: "SHA-256" | "SHA-384";
  readonly numberBytes: number;
  /** Object identifiers of the curve (SEC 2) and of the signature algorithm (RFC 5758). */
  readonly curveOid: string;
  readonly signatureOid: string;
};

/** What Intel signs with. */
export const p256Sha256: EcdsaSuite = {
  curve: "P-256",
  hash: "SHA-256",
  numberBytes: 32,
  curveOid: "1.2.840.10045.3.1.7",
  signatureOid: "1.2.840.10045.4.3.2",
};

/** What NVIDIA signs with. */
export const p384Sha384: EcdsaSuite = {
  curve: "P-384",
  hash: "SHA-384",
  numberBytes: 48,
  curveOid: "1.3.132.0.34",
  signatureOid: "1.2.840.10045.4.3.3",
};

/** What a signature is checked against. `publicKey` is x || y, `signature` is r || s. */
export type SignedMessage = {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
};

/**
 * Whether the signature is the key's over the hash of the message, by ECDSA; on P-256 with SHA-256 unless another suite is
 * given. Any s from 1 to n-1 counts: half of Intel's signatures have one above n/2. A key that is no point of the curve
 * verifies nothing.
 */
export function isSigned({ publicKey, message, signature }: SignedMessage, suite: EcdsaSuite = p256Sha256): boolean {
  const pair = 2 * suite.numberBytes;
  if (publicKey.length !== pair || signature.length !== pair) return false;
  const curve = suite.curve === "P-256" ? p256 : p384;
  try {
    return curve.verify(signature, message, Uint8Array.of(4, ...publicKey), { lowS: false });
  } catch {
    return false; // the key is no point of the curve
  }
}
