import { p256 } from "@noble/curves/nist.js";

/** Length in bytes of a public key (x, y) and of a signature (r, s), all numbers of 32 bytes, big-endian. */
export const pairBytes = 64;

/** What a signature is checked against. `publicKey` is x || y, `signature` is r || s. */
export type SignedMessage = {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
};

/**
 * Whether the signature is the key's over sha256 of the message, by ECDSA on P-256. Any s from 1 to n-1 counts: half of
 * Intel's signatures have one above n/2. A key that is no point of the curve verifies nothing.
 */
export function isSigned({ publicKey, message, signature }: SignedMessage): boolean {
  if (publicKey.length !== pairBytes || signature.length !== pairBytes) return false;
  try {
    return p256.verify(signature, message, Uint8Array.of(4, ...publicKey), { lowS: false });
  } catch {
    return false; // the key is no point of the curve
  }
}
