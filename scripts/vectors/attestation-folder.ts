import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where real attestation data is, or why there is none. */
export type AttestationFolder =
  { readonly path: string; readonly absent?: undefined } | { readonly absent: string; readonly path?: undefined };

const beside = fileURLToPath(new URL("../../../shared/attestation", import.meta.url));
const manifestName = "manifest.json";

/** The folder that the environment names, else the one beside the project if it has a manifest. */
export function attestationFolder(env: Readonly<Record<string, string | undefined>> = process.env): AttestationFolder {
  const named = env.ATOMA_ATTESTATION_VECTORS;
  if (named !== undefined && named !== "") return { path: named };
  if (existsSync(join(beside, manifestName))) return { path: beside };
  return {
    absent: "ATOMA_ATTESTATION_VECTORS is not set and ../shared/attestation is absent: no real evidence is verified.",
  };
}

/** The manifest of such a folder. */
export function manifestPath(folder: string): string {
  return join(folder, manifestName);
}
