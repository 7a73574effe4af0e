/** The node's X25519 key, to which private inputs are sealed (RFC 9180). It has to be made and to stay inside the TEE. */
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, linkSync, readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { x25519 } from "@noble/curves/ed25519.js";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { SignerError } from "../runtime/errors.ts";

/** Makes the file with its content at once, unless it is there: no crash leaves half a key, and no process overwrites one. */
const makeFile = (path: string, content: string): void => {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, content, { flag: "wx", mode: 0o600, flush: true });
  try {
    linkSync(draft, path);
  } finally {
    unlinkSync(draft);
  }
};

const secretIn = (path: string): Hex => {
  try {
    if (!existsSync(path)) makeFile(path, `${bytesToHex(randomBytes(32))}\n`);
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
  if ((statSync(path).mode & 0o077) !== 0)
    throw new SignerError(`the HPKE key ${path} can be read by others than its owner: chmod 600 it, or make another`);
  if (!/^0x[0-9a-f]{64}$/.test(secret))
    throw new SignerError(
      `the HPKE key ${path} is no key: expected 0x and 64 hex digits. Delete it if nothing was bound with it`,
    );
  return bytesToHex(x25519.getPublicKey(hexToBytes(secret)));
};
