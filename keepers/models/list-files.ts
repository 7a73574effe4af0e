/** The files that a publisher names, as a manifest lists them. */
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { FetchError } from "../executor/fetch.ts";
import { hashFile, type HashOptions } from "./hash-file.ts";
import type { ModelFile } from "./manifest.ts";

/** `path` is the manifest's, `from` where the file is. */
export type LocalFile = { readonly path: string; readonly from: string; readonly bytes: number };

const isHidden = (path: string): boolean => path.split("/").some((part) => part.startsWith("."));

const regularFile = async (path: string, from: string): Promise<LocalFile> => {
  const info = await stat(from); // through links: caches of models are full of them
  if (!info.isFile()) throw new FetchError(`${from} is no regular file: leave it out`);
  if (info.size === 0) throw new FetchError(`${from} is empty: leave it out, or finish its download`);
  return { path, from, bytes: info.size };
};

const inFolder = async (folder: string): Promise<readonly { path: string; from: string }[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const from = join(entry.parentPath, entry.name);
      return { path: relative(folder, from).split(sep).join("/"), from };
    });
};

/**
 * Files given one by one under their own names, folders with everything in them but hidden files and `except`. Throws
 * FetchError for what is no regular file.
 */
export const listFiles = async (paths: readonly string[], except: string): Promise<readonly LocalFile[]> => {
  const found: { path: string; from: string }[] = [];
  for (const path of paths) {
    const isFolder = (await lstat(await realpath(path))).isDirectory();
    found.push(...(isFolder ? await inFolder(path) : [{ path: basename(path), from: path }]));
  }
  const wanted = found.filter(({ path, from }) => !isHidden(path) && resolve(from) !== resolve(except));
  const files = await Promise.all(wanted.map(({ path, from }) => regularFile(path, from)));
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
};

/** Reads the files and lists them with their sha256. `uris` begin where the files can be had: `https://host/folder`. */
export const hashFiles = async (
  files: readonly LocalFile[],
  uris: readonly string[],
  onFile: (file: LocalFile) => HashOptions,
): Promise<readonly ModelFile[]> => {
  const hashed: ModelFile[] = [];
  for (const file of files) {
    const { sha256, bytes } = await hashFile(file.from, { ...onFile(file), follow: true });
    const places = uris.map((uri) => `${uri.replace(/\/+$/, "")}/${file.path}`);
    hashed.push({ path: file.path, bytes, sha256, uris: places });
  }
  return hashed;
};
