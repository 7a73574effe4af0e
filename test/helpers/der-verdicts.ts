/** What the parsers in TypeScript say of an input, as the harness on chain says it. */
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, type Hex, keccak256, numberToHex, pad, toHex } from "viem";
import { type Certificate, parseCertificate } from "../../sdk/attestation/certificate.ts";
import { parseCrl } from "../../sdk/attestation/crl.ts";
import { tags } from "../../keepers/attestation/dev/der.ts";
import { EvidenceError } from "../../sdk/attestation/evidence-error.ts";
import { parseSgxExtension } from "../../sdk/attestation/sgx-extension.ts";

export type Parser = "certificate" | "list" | "extension";

const words = (values: readonly (Hex | number | bigint | boolean)[]): Hex =>
  concat(values.map((value) => (typeof value === "string" ? value : numberToHex(BigInt(value), { size: 32 }))));
const left = (bytes: Uint8Array): Hex => pad(toHex(bytes), { dir: "right", size: 32 });
const bytesOfText = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** keccak256 of the fields, its last byte 1. */
const hashOf = (fields: Hex): Hex => `${keccak256(fields).slice(0, -2) as Hex}01`;

const usagesOf = (one: Certificate): number =>
  (one.mayDigitallySign ? 0x8000 : 0) | (one.mayIssueCertificates ? 0x0400 : 0) | (one.mayIssueCrls ? 0x0200 : 0);

const certificateHash = (der: Uint8Array): Hex => {
  const found = parseCertificate(der, "it");
  const { signedBytes, signature, publicKey, issuer, subject, commonName, serial, sgxExtension } = found;
  checkName(issuer);
  return hashOf(
    concat([
      toHex(sha256(signedBytes)),
      toHex(signature),
      toHex(publicKey),
      ...[issuer, subject, bytesOfText(commonName)].map((bytes) => keccak256(bytes)),
      words([BigInt(toHex(serial)), found.notBefore, found.notAfter, found.isCa, usagesOf(found)]),
      words(sgxExtension === undefined ? [0, 0] : [sgxExtension.byteOffset - der.byteOffset, sgxExtension.length]),
    ]),
  );
};

const listHash = (der: Uint8Array, entryOffset: number): Hex => {
  const { signedBytes, signature, issuer, validity, revoked } = parseCrl(der, "it");
  checkName(issuer);
  const [serial] = [...revoked].find(([, offset]) => offset === entryOffset) ?? [];
  if (serial === undefined) throw new EvidenceError("crl-malformed", "No entry begins there.");
  return hashOf(
    concat([
      ...[toHex(sha256(signedBytes)), toHex(signature), keccak256(issuer)],
      words([validity.from, validity.until, BigInt(serial)]),
    ]),
  );
};

/** The type of an issuer's name is left to the comparison with the issuer's own. */
const checkName = (name: Uint8Array): void => {
  if (name[0] !== tags.sequence) throw new EvidenceError("certificate-name", "A name is no sequence.");
};

const extensionHash = (value: Uint8Array): Hex => {
  const { ppid, components, pceSvn, pceId, fmspc } = parseSgxExtension(value, "it");
  return hashOf(concat([left(ppid), left(Uint8Array.from(components)), words([pceSvn]), left(pceId), left(fmspc)]));
};

/** The hash of what is read; undefined where the input is refused. */
export function verdictOffChain(parser: Parser, input: Uint8Array, entryOffset = 0): Hex | undefined {
  try {
    if (parser === "certificate") return certificateHash(input);
    return parser === "list" ? listHash(input, entryOffset) : extensionHash(input);
  } catch (error) {
    if (error instanceof EvidenceError) return undefined;
    throw error;
  }
}

/** Where the parser in TypeScript finds an entry of a list, the last one of each serial number; undefined if nowhere. */
export function entryOffChain(input: Uint8Array): number | undefined {
  try {
    return [...parseCrl(input, "it").revoked.values()].at(-1);
  } catch (error) {
    if (error instanceof EvidenceError) return undefined;
    throw error;
  }
}
