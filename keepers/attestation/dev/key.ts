/** Keys and signatures of ECDSA: P-256 with SHA-256, as Intel's, unless P-384 with SHA-384, as NVIDIA's, is asked for. */
import { p256, p384 } from "@noble/curves/nist.js";
import { concat, numberOf, bigEndian } from "./bytes.ts";
import { integer, sequence } from "./der.ts";
import type { Random } from "./random.ts";

export type Curve = "P-256" | "P-384";

export const curveOrder = p256.Point.Fn.ORDER;

const curves = { "P-256": { curve: p256, bytes: 32 }, "P-384": { curve: p384, bytes: 48 } } as const;

export type KeyPair = {
  readonly curve: Curve;
  readonly secret: Uint8Array;
  /** x || y, 64 bytes, or 96 on P-384. */
  readonly point: Uint8Array;
};

/** Which of the two valid values s takes; "any" leaves it as it falls, half high and half low. */
export type SChoice = "any" | "low" | "high";

export const keyOf = (secret: Uint8Array, curve: Curve = "P-256"): KeyPair => ({
  curve,
  secret,
  point: curves[curve].curve.getPublicKey(secret, false).slice(1),
});

export const mintKey = (random: Random, name: Curve = "P-256"): KeyPair => {
  const { curve, bytes } = curves[name];
  return keyOf(bigEndian((numberOf(random.bytes(bytes + 8)) % (curve.Point.Fn.ORDER - 1n)) + 1n, bytes), name);
};

const chooseS = (s: bigint, order: bigint, choice: SChoice): bigint => {
  const isHigh = s > order / 2n;
  return choice === "any" || isHigh === (choice === "high") ? s : order - s;
};

/** r || s over the hash of a message, 64 bytes, or 96 on P-384. */
export const sign = (message: Uint8Array, key: KeyPair, choice: SChoice = "any"): Uint8Array => {
  const { curve, bytes } = curves[key.curve];
  const signature = curve.sign(message, key.secret, { prehash: true, lowS: false, format: "compact" });
  const s = chooseS(numberOf(signature.slice(bytes)), curve.Point.Fn.ORDER, choice);
  return concat(signature.slice(0, bytes), bigEndian(s, bytes));
};

/** The form of a signature inside certificates and CRLs. */
export const signatureDer = (signature: Uint8Array): Uint8Array => {
  const half = signature.length / 2;
  return sequence(integer(numberOf(signature.slice(0, half))), integer(numberOf(signature.slice(half))));
};
