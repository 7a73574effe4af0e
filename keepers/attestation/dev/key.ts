/** P-256 keys and signatures. */
import { p256 } from "@noble/curves/nist.js";
import { concat, numberOf, bigEndian } from "./bytes.ts";
import { integer, sequence } from "./der.ts";
import type { Random } from "./random.ts";

export const curveOrder = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export type KeyPair = {
  readonly secret: Uint8Array;
  /** x || y, 64 bytes. */
  readonly point: Uint8Array;
};

/** Which of the two valid values s takes; "any" leaves it as it falls, half high and half low. */
export type SChoice = "any" | "low" | "high";

export const keyOf = (secret: Uint8Array): KeyPair => ({
  secret,
  point: p256.getPublicKey(secret, false).slice(1),
});

export const mintKey = (random: Random): KeyPair =>
  keyOf(bigEndian((numberOf(random.bytes(40)) % (curveOrder - 1n)) + 1n, 32));

const chooseS = (s: bigint, choice: SChoice): bigint => {
  const isHigh = s > curveOrder / 2n;
  return choice === "any" || isHigh === (choice === "high") ? s : curveOrder - s;
};

/** r || s over SHA-256 of a message, 64 bytes. */
export const sign = (message: Uint8Array, key: KeyPair, s: SChoice = "any"): Uint8Array => {
  const signature = p256.sign(message, key.secret, { prehash: true, lowS: false, format: "compact" });
  return concat(signature.slice(0, 32), bigEndian(chooseS(numberOf(signature.slice(32)), s), 32));
};

/** The form of a signature inside certificates and CRLs. */
export const signatureDer = (signature: Uint8Array): Uint8Array =>
  sequence(integer(numberOf(signature.slice(0, 32))), integer(numberOf(signature.slice(32))));
