/** Whether a folder is the model of a manifest. */
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { pathsIn } from "./folder.ts";
import { hashFile, type HashOptions } from "./hash-file.ts";
import { ifThere } from "./layout.ts";
import type { ModelFile, ModelManifest } from "./manifest.ts";

export type FileProblem = { readonly path: string; readonly why: string };
export type FolderVerdict = {
  /** Of the manifest's files. None: the folder has the model. */
  readonly problems: readonly FileProblem[];
  /** Files that the manifest does not name: a server may read them all the same. */
  readonly extra: readonly string[];
};

const problemOf = async (folder: string, file: ModelFile, options: HashOptions): Promise<FileProblem | undefined> => {
  const { path, bytes, sha256 } = file;
  const at = join(folder, path);
  const info = await ifThere(stat(at));
  if (info === undefined) return { path, why: "is missing" };
  if (!info.isFile()) return { path, why: "is no regular file" };
  if (info.size !== bytes) return { path, why: `has ${info.size} bytes, not ${bytes}` };
  const found = await hashFile(at, { ...options, follow: true });
  return found.sha256 === sha256 ? undefined : { path, why: `has the sha256 ${found.sha256}, not ${sha256}` };
};

/** Reads all files of the manifest in the folder. Undefined where there is no such folder. */
export const verifyFolder = async (
  folder: string,
  { files }: ModelManifest,
  onFile: (file: ModelFile) => HashOptions,
): Promise<FolderVerdict | undefined> => {
  if (!((await ifThere(stat(folder)))?.isDirectory() ?? false)) return undefined;
  const problems: FileProblem[] = [];
  for (const file of files) {
    const problem = await problemOf(folder, file, onFile(file));
    if (problem !== undefined) problems.push(problem);
  }
  const known = new Set(files.map(({ path }) => path));
  return { problems, extra: ((await pathsIn(await realpath(folder))) ?? []).filter((path) => !known.has(path)).sort() };
};
