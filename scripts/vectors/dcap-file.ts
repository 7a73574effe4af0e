import { join } from "node:path";
import { z } from "zod";
import { type Status, statuses } from "../../sdk/attestation/status.ts";
import { manifestPath } from "./attestation-folder.ts";
import { readBytes, readJson } from "./files.ts";
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

const entry = z.object({
  name: z.string(),
  quote: z.string(),
  collateral: z.string(),
  at: z.number().int().nonnegative(),
  verdict: z.enum(["accept", "reject"]),
  status: z.enum(statuses).nullable(),
  advisories: z.array(z.string()),
});
const manifest = z.object({ dcap: z.array(entry).min(1, "holds no entry") });

/** Reads the quotes of a folder's `manifest.json` and the files that it names. Throws a VectorFileError that says what is wrong. */
export async function readDcapManifest(folder: string): Promise<readonly DcapEntry[]> {
  const path = manifestPath(folder);
  const parsed = manifest.safeParse(await readJson(path));
  if (!parsed.success) throw new VectorFileError(`${path} is no manifest:\n${z.prettifyError(parsed.error)}`);
  const entries = parsed.data.dcap.map(async ({ quote, collateral, ...rest }) => ({
    ...rest,
    quote: await readBytes(join(folder, quote)),
    collateral: await readJson(join(folder, collateral)),
  }));
  return Promise.all(entries);
}
