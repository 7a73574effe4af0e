import { encodeAbiParameters, type Hex, keccak256, slice } from "viem";
import { toHex } from "./bytes.ts";
import type { Certificate } from "./certificate.ts";

const fourWords = [{ type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }, { type: "uint256" }] as const;

/** x and y of a key on P-256, or r and s of a signature, given as 64 bytes. */
export function pairOf(bytes: Uint8Array): readonly [Hex, Hex] {
  return [toHex(bytes.subarray(0, 32)), toHex(bytes.subarray(32, 64))];
}

/** The id of an issuer on chain: the first 8 bytes of keccak256(abi.encode(x, y, keccak256(name))), then zeros. */
export function issuerIdOf({ publicKey, subject }: Pick<Certificate, "publicKey" | "subject">): Hex {
  const [x, y] = pairOf(publicKey);
  const key = keccak256(encodeAbiParameters(fourWords.slice(0, 3), [x, y, keccak256(subject)]));
  return `${slice(key, 0, 8)}${"00".repeat(24)}`;
}

/** The id of a PCK certificate on chain: keccak256(abi.encode(x, y, issuerId, serial)). */
export function pckIdOf({ publicKey, serial }: Pick<Certificate, "publicKey" | "serial">, issuerId: Hex): Hex {
  const [x, y] = pairOf(publicKey);
  return keccak256(encodeAbiParameters(fourWords, [x, y, issuerId, BigInt(toHex(serial))]));
}
