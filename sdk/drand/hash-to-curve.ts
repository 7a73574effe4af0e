import { expand_message_xmd } from "@noble/curves/abstract/hash-to-curve.js";
import { bn254 } from "@noble/curves/bn254.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToBigInt } from "viem";
import type { CurvePoint } from "./types.ts";

// RFC 9380, suite BN254G1_XMD:KECCAK-256_SVDW_RO_: y^2 = g(x) = x^3 + 3, Z = 1, L = 48, cofactor 1.
const domain = "BLS_SIG_BN254G1_XMD:KECCAK-256_SVDW_RO_NUL_";
const elementBytes = 48;
const { Fp } = bn254.fields;
const Z = 1n;
const g = (x: bigint) => Fp.add(Fp.mul(Fp.sqr(x), x), 3n);
const isOdd = (a: bigint) => (a & 1n) === 1n; // sgn0 of section 4.1
const withParity = (y: bigint, odd: boolean) => (isOdd(y) === odd ? y : Fp.neg(y));

// Constants of section 6.6.1.
const c1 = g(Z);
const c2 = Fp.div(Fp.neg(Z), 2n);
const c3 = withParity(Fp.sqrt(Fp.neg(Fp.mul(c1, 3n))), false);
const c4 = Fp.div(Fp.mul(Fp.neg(c1), 4n), 3n);

/** hash_to_curve of any message (section 3): a G1 point. Equals `BlsBn254.hashToPoint`, which takes 32 bytes. */
export function hashToCurve(message: Uint8Array): CurvePoint {
  const [u0, u1] = hashToField(message);
  const point = toPoint(mapToCurve(u0)).add(toPoint(mapToCurve(u1)));
  return point.toAffine();
}

/** hash_to_field with count = 2 (section 5.2): two field elements. */
export function hashToField(message: Uint8Array): readonly [bigint, bigint] {
  const uniform = expand_message_xmd(message, domain, 2 * elementBytes, keccak_256);
  const element = (index: number) =>
    Fp.create(bytesToBigInt(uniform.slice(index * elementBytes, (index + 1) * elementBytes)));
  return [element(0), element(1)];
}

/** map_to_curve_svdw (section 6.6.1), step by step as the RFC has it. `u` is a field element. */
export function mapToCurve(u: bigint): CurvePoint {
  const scaled = Fp.mul(Fp.sqr(u), c1);
  const tv2 = Fp.add(1n, scaled);
  const tv1 = Fp.sub(1n, scaled);
  const product = Fp.mul(tv1, tv2);
  const tv3 = Fp.is0(product) ? 0n : Fp.inv(product); // inv0
  const tv4 = Fp.mul(Fp.mul(Fp.mul(u, tv1), tv3), c3);
  const x3 = Fp.add(Fp.mul(c4, Fp.sqr(Fp.mul(Fp.sqr(tv2), tv3))), Z);
  for (const x of [Fp.sub(c2, tv4), Fp.add(c2, tv4), x3]) {
    const y = squareRoot(g(x));
    if (y !== undefined) return { x, y: withParity(y, isOdd(u)) };
  }
  throw new RangeError(`${u} is not a field element.`); // for a field element one of the three is a square
}

/** A square root, or undefined where there is none: the modulus is 3 modulo 4. */
function squareRoot(a: bigint): bigint | undefined {
  const root = Fp.pow(a, (Fp.ORDER + 1n) / 4n);
  return Fp.eql(Fp.sqr(root), a) ? root : undefined;
}

function toPoint(point: CurvePoint) {
  return bn254.G1.Point.fromAffine(point);
}
