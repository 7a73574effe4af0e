import { bn254 } from "@noble/curves/bn254.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concat, type Hex, hexToBigInt, numberToBytes, numberToHex, slice } from "viem";
import { hashToCurve } from "./hash-to-curve.ts";
import { assertRound, type CurvePoint, type DrandPublicKey } from "./types.ts";

const { G1, G2, fields } = bn254;

/** Length of a signature in bytes: x || y, big-endian. */
export const signatureBytes = 64;

/** What a verification is about. `signature` is `0x` and 64 bytes. */
export type Beacon = { readonly publicKey: DrandPublicKey; readonly round: bigint; readonly signature: Hex };

/** What the network signs for a round: keccak256 of the round as 8 big-endian bytes. Rounds are 1..2^64-1. */
export function roundMessage(round: bigint): Uint8Array {
  assertRound(round);
  return keccak_256(numberToBytes(round, { size: 8 }));
}

/**
 * Whether `signature` is the key's over `round`, by the pairing check of the beacon contract. A malformed signature or
 * round is `false`, like a wrong one; a public key outside the pairing's subgroup throws a RangeError.
 */
export function verifyBeacon({ publicKey, round, signature }: Beacon): boolean {
  const key = toG2(publicKey);
  const point = parseSignature(signature);
  if (point === undefined || round < 1n || round >> 64n !== 0n) return false;
  const product = bn254.pairingBatch([
    { g1: G1.Point.fromAffine(point), g2: G2.Point.BASE.negate() },
    { g1: G1.Point.fromAffine(hashToCurve(roundMessage(round))), g2: key },
  ]);
  return fields.Fp12.eql(product, fields.Fp12.ONE);
}

/** Whether the key is a point of the pairing's subgroup of G2 other than infinity: what a beacon contract deploys with. */
export function isPublicKey(publicKey: DrandPublicKey): boolean {
  try {
    toG2(publicKey);
    return true;
  } catch {
    return false;
  }
}

/** Signs a round with the key of a private network. `secretKey` is 1..r-1, r the order of the curve; else it throws. */
export function signRound(secretKey: bigint, round: bigint): Hex {
  const { x, y } = G1.Point.fromAffine(hashToCurve(roundMessage(round)))
    .multiply(secretKey)
    .toAffine();
  return concat([numberToHex(x, { size: 32 }), numberToHex(y, { size: 32 })]);
}

/** Public key of a private network's secret key, 1..r-1; else it throws. */
export function publicKeyOf(secretKey: bigint): DrandPublicKey {
  const { x, y } = G2.Point.BASE.multiply(secretKey).toAffine();
  return [x.c1, x.c0, y.c1, y.c0];
}

/** The G1 point of a signature, or undefined if it is not 64 bytes, out of range, or no point of the curve. */
export function parseSignature(signature: Hex): CurvePoint | undefined {
  if (!/^0x[0-9a-fA-F]*$/.test(signature) || signature.length !== 2 + 2 * signatureBytes) return undefined;
  const point = { x: hexToBigInt(slice(signature, 0, 32)), y: hexToBigInt(slice(signature, 32)) };
  return isOnCurve(point) ? point : undefined;
}

function isOnCurve({ x, y }: CurvePoint): boolean {
  const { Fp } = fields;
  return x < Fp.ORDER && y < Fp.ORDER && Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), 3n));
}

function toG2([x1, x0, y1, y0]: DrandPublicKey) {
  try {
    const point = G2.Point.fromAffine({ x: { c0: x0, c1: x1 }, y: { c0: y0, c1: y1 } });
    point.assertValidity();
    if (point.is0()) throw new RangeError("It is infinity.");
    return point;
  } catch (cause) {
    throw new RangeError("The public key is not a point of the pairing's subgroup of G2.", { cause });
  }
}
