import { join } from "node:path";
import type { Hex } from "viem";
import { z } from "zod";
import type { GpuEvidence } from "../../sdk/attestation/gpu/verify-gpu-evidence.ts";
import { manifestPath } from "./attestation-folder.ts";
import { readBytes, readJson, readText } from "./files.ts";
import { VectorFileError } from "./suite.ts";

/** Real evidence of a GPU, and what must come out. Undefined: no nonce to compare, no clock to verify at. */
export type NvidiaEntry = GpuEvidence &
  NvidiaVerdict & { readonly name: string; readonly nonce: Hex | undefined; readonly at: number | undefined };

/** What is undefined is not said. */
export type NvidiaVerdict = {
  readonly verdict: "accept" | "reject";
  readonly driver?: string | undefined;
  readonly vbios?: string | undefined;
};

const nonce = z
  .string()
  .regex(/^(0x)?[0-9a-fA-F]{64}$/, "must be 32 bytes in hex")
  .transform((text): Hex => `0x${text.replace(/^0x/, "").toLowerCase()}`);
const entry = z.object({
  name: z.string(),
  report: z.string(),
  chain: z.string(),
  nonce: nonce.nullish(),
  at: z.number().int().nonnegative().optional(),
  verdict: z.enum(["accept", "reject"]),
  driver: z.string().optional(),
  vbios: z.string().optional(),
});
const manifest = z.object({ nvidia: z.array(entry).default([]) });

/** Reads the GPU evidence of a folder's `manifest.json` and the files that it names. Throws a VectorFileError that says what is wrong. */
export async function readNvidiaManifest(folder: string): Promise<readonly NvidiaEntry[]> {
  const path = manifestPath(folder);
  const parsed = manifest.safeParse(await readJson(path));
  if (!parsed.success) throw new VectorFileError(`${path} is no manifest:\n${z.prettifyError(parsed.error)}`);
  const entries = parsed.data.nvidia.map(async ({ name, report, chain, nonce, at, verdict, driver, vbios }) => ({
    ...{ name, nonce: nonce ?? undefined, at, verdict, driver, vbios },
    report: await readBytes(join(folder, report)),
    chain: await readText(join(folder, chain)),
  }));
  return Promise.all(entries);
}
