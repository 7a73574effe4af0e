import { readFile } from "node:fs/promises";
import { fromHexDigits } from "../../sdk/attestation/bytes.ts";
import { VectorFileError } from "./suite.ts";

/** A file of raw bytes, or of hex digits with or without 0x. Throws a VectorFileError. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const bytes = await read(path);
  const digits = bytes.toString("latin1").trim().replace(/^0x/, "");
  return fromHexDigits(digits) ?? new Uint8Array(bytes);
}

/** A file of text. Throws a VectorFileError. */
export async function readText(path: string): Promise<string> {
  return (await read(path)).toString("utf8");
}

/** A file of JSON. Throws a VectorFileError. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VectorFileError(`${path} is not JSON: ${String(cause)}`, { cause });
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new VectorFileError(`Cannot read ${path}: ${String(cause)}`, { cause });
  }
}
