/** Real attestation data, which lies beside the project and not in it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const beside = fileURLToPath(new URL("../../../../shared/attestation", import.meta.url));

/** The folder of real data; undefined where this machine has none. */
export const vectorFolder = (): string | undefined =>
  [process.env.ATOMA_ATTESTATION_VECTORS, beside].find((path) => path !== undefined && path !== "" && existsSync(path));

export const skipReason = "no folder of real attestation data: ATOMA_ATTESTATION_VECTORS is not set";

/** A file of the folder. */
export const readVector = (folder: string, path: string): Uint8Array =>
  new Uint8Array(readFileSync(join(folder, path)));
