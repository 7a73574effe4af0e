/** The node's X25519 key, to which private inputs are sealed (RFC 9180). It has to be made and to stay inside the TEE. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { x25519 } from "@noble/curves/ed25519.js";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { SignerError } from "../runtime/errors.ts";

const secretIn = (path: string): Hex => {
  try {
    const made = bytesToHex(randomBytes(32));
    writeFileSync(path, `${made}\n`, { flag: "wx", mode: 0o600 });
    return made;
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "EEXIST")
      throw new SignerError(`the HPKE key ${path} cannot be written`, { cause });
  }
  try {
    return readFileSync(path, "utf8").trim() as Hex;
  } catch (cause) {
    throw new SignerError(`the HPKE key ${path} cannot be read`, { cause });
  }
};

/** The public key of the secret in the file; a new secret is written, for its owner's eyes only, where there is no file. Throws SignerError. */
export const openHpkeKey = (path: string): Hex => {
  const secret = secretIn(path);
  if (!/^0x[0-9a-f]{64}$/.test(secret))
    throw new SignerError(`the HPKE key ${path} is no key: expected 0x and 64 hex digits`);
  return bytesToHex(x25519.getPublicKey(hexToBytes(secret)));
};
