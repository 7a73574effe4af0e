/** A model's folder, as a server wants it: the manifest's paths, as hard links to the files of the cache. */
import { randomUUID } from "node:crypto";
import { lstat, link, mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { FetchError } from "../executor/fetch.ts";
import { ifThere } from "./layout.ts";
import type { ModelManifest } from "./manifest.ts";

/** Path of the cached file with this sha256. */
export type BlobPath = (sha256: string) => string;

/** Paths of everything in a folder that is no folder, with `/` between; undefined where there is no such folder. */
export const pathsIn = async (folder: string): Promise<readonly string[] | undefined> => {
  const info = await ifThere(lstat(folder));
  if (info === undefined) return undefined;
  if (!info.isDirectory()) throw new FetchError(`${folder} is no folder: remove it`);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
};

/** Whether the folder has these very files, and nothing else. */
const isAsItShouldBe = async (folder: string, { files }: ModelManifest, blob: BlobPath): Promise<boolean> => {
  const paths = await pathsIn(folder);
  if (paths?.length !== files.length) return false;
  for (const { path, sha256 } of files) {
    const [here, there] = [await ifThere(lstat(join(folder, path))), await lstat(blob(sha256))];
    if (here?.ino !== there.ino || here.dev !== there.dev) return false;
  }
  return true;
};

const linkAll = async (folder: string, { files }: ModelManifest, blob: BlobPath): Promise<void> => {
  for (const { path, sha256 } of files) {
    const at = join(folder, path); // the manifest's paths stay inside, and the folder is new
    await mkdir(dirname(at), { recursive: true });
    await link(blob(sha256), at);
  }
};

/** Makes the folder, or makes it right, at once: servers see the old one or the new one. */
export const makeFolder = async (folder: string, manifest: ModelManifest, blob: BlobPath): Promise<void> => {
  if (await isAsItShouldBe(folder, manifest, blob)) return;
  const next = `${folder}.${randomUUID()}`;
  try {
    await linkAll(next, manifest, blob);
    await rm(folder, { force: true, recursive: true });
    await rename(next, folder);
  } finally {
    await rm(next, { force: true, recursive: true });
  }
};

/** The same in a folder of the operator's, which is new or as it should be already. Throws FetchError otherwise. */
export const makeOwnFolder = async (folder: string, manifest: ModelManifest, blob: BlobPath): Promise<void> => {
  if (await isAsItShouldBe(folder, manifest, blob)) return;
  if (((await pathsIn(folder)) ?? []).length > 0)
    throw new FetchError(`${folder} has other files than this model's: name a new folder`);
  try {
    await makeFolder(folder, manifest, blob);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EXDEV")) throw cause;
    throw new FetchError(`${folder} is on another file system than the cache: choose one beside it`, { cause });
  }
};
