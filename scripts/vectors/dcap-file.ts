import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { fromHexDigits } from "../../sdk/attestation/bytes.ts";
import { type Status, statuses } from "../../sdk/attestation/status.ts";
import { manifestPath } from "./attestation-folder.ts";
import { VectorFileError } from "./suite.ts";

/** A real quote with its collateral, the clock to verify it at, and what must come out. */
export type DcapEntry = {
  readonly name: string;
  readonly quote: Uint8Array;
  readonly collateral: unknown;
  readonly at: number;
} & DcapVerdict;

/** `verdict` is that of a policy that accepts nothing but UpToDate. Null: no status was reached. */
export type DcapVerdict = {
  readonly verdict: "accept" | "reject";
  readonly status: Status | null;
  readonly advisories: readonly string[];
};

/** A folder's entries, and how many it has of the kind that is not checked yet. */
export type DcapManifest = { readonly entries: readonly DcapEntry[]; readonly nvidiaCount: number };

const entry = z.object({
  name: z.string(),
  quote: z.string(),
  collateral: z.string(),
  at: z.number().int().nonnegative(),
  verdict: z.enum(["accept", "reject"]),
  status: z.enum(statuses).nullable(),
  advisories: z.array(z.string()),
});
const manifest = z.object({ dcap: z.array(entry).min(1, "holds no entry"), nvidia: z.array(z.unknown()).default([]) });

/** Reads a folder's `manifest.json` and the files that it names. Throws a VectorFileError that says what is wrong. */
export async function readDcapManifest(folder: string): Promise<DcapManifest> {
  const path = manifestPath(folder);
  const parsed = manifest.safeParse(await readJson(path));
  if (!parsed.success) throw new VectorFileError(`${path} is no manifest:\n${z.prettifyError(parsed.error)}`);
  const { dcap, nvidia } = parsed.data;
  const entries = dcap.map(async ({ quote, collateral, ...rest }) => ({
    ...rest,
    quote: await readQuote(join(folder, quote)),
    collateral: await readJson(join(folder, collateral)),
  }));
  return { entries: await Promise.all(entries), nvidiaCount: nvidia.length };
}

/** A file of raw bytes, or of hex digits with or without 0x. */
async function readQuote(path: string): Promise<Uint8Array> {
  const bytes = await read(path);
  const digits = bytes.toString("latin1").trim().replace(/^0x/, "");
  return fromHexDigits(digits) ?? new Uint8Array(bytes);
}

async function readJson(path: string): Promise<unknown> {
  const bytes = await read(path);
  try {
    return JSON.parse(bytes.toString("utf8"));
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
