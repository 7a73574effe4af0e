import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sourceFolder = new URL("./", import.meta.url);
const cacheFolder = new URL("../../../build/model/", import.meta.url);
const hashFile = new URL("model.sha256", import.meta.url);

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The hash of the one file that training must give, on every machine. It is committed beside the trainer. */
export function expectedSha256(): string {
  return existsSync(hashFile) ? readFileSync(hashFile, "utf8").trim() : "";
}

export function acceptSha256(hash: string): void {
  writeFileSync(hashFile, `${hash}\n`);
}

/** Where the model of this version of the trainer and its questions is kept. `folder` ends with a slash. */
function modelPath(folder: URL): string {
  const hash = createHash("sha256");
  const names = readdirSync(sourceFolder).filter((name) => /\.(ts|json)$/.test(name));
  for (const name of [...names.sort(), "../gguf.ts"]) hash.update(readFileSync(new URL(name, sourceFolder)));
  return fileURLToPath(new URL(`${hash.digest("hex").slice(0, 16)}.gguf`, folder));
}

/** The path of the trained model, if it is here and whole. */
export function cachedModel(folder = cacheFolder): string | undefined {
  const path = modelPath(folder);
  return existsSync(path) && sha256(readFileSync(path)) === expectedSha256() ? path : undefined;
}

/** Keeps a trained model; no other process ever sees half of it. Returns its path. */
export function storeModel(file: Uint8Array, folder = cacheFolder): string {
  mkdirSync(folder, { recursive: true });
  const path = modelPath(folder);
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, file);
  renameSync(part, path);
  return path;
}
