/**
 * The folder of the cache: `blobs/` has files by sha256, `parts/` what is being downloaded, `manifests/` what belongs
 * together (its time is that of the last use; `.pin` beside it: never evicted), `models/` a folder for each model.
 */
import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FetchError } from "../executor/fetch.ts";
import { type ModelManifest, parseManifest } from "./manifest.ts";
import type { Kept } from "./room.ts";

export type Layout = {
  readonly blob: (sha256: string) => string;
  readonly part: (sha256: string) => string;
  readonly manifest: (digest: string) => string;
  readonly pin: (digest: string) => string;
  readonly model: (digest: string) => string;
  readonly lock: string;
};

const folders = ["blobs", "parts", "manifests", "models"] as const;
const sha256Name = /^[0-9a-f]{64}$/;

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

/** What `work` gives, or undefined where there is no such file. */
export const ifThere = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

const named = (folder: string, name: string, suffix = ""): string => {
  if (!sha256Name.test(name)) throw new Error(`${name} is no sha256`);
  return join(folder, `${name}${suffix}`);
};

/** Opens the folder, and makes it where there is none. Throws FetchError where a part of it is a symbolic link. */
export const openLayout = async (directory: string): Promise<Layout> => {
  const paths = folders.map((name) => join(directory, name));
  for (const path of paths) {
    await mkdir(path, { recursive: true });
    if (!(await lstat(path)).isDirectory()) throw new FetchError(`${path} is no folder of its own: remove it`);
  }
  const [blobs = "", parts = "", manifests = "", models = ""] = paths;
  return {
    blob: (sha256) => named(blobs, sha256),
    part: (sha256) => named(parts, sha256),
    manifest: (digest) => named(manifests, digest, ".json"),
    pin: (digest) => named(manifests, digest, ".pin"),
    model: (digest) => named(models, digest),
    lock: join(directory, "lock"),
  };
};

/** A model in the cache, or on its way there. */
export type StoredModel = Kept & { readonly manifest: ModelManifest; readonly isPinned: boolean };

const readStored = async (layout: Layout, digest: string): Promise<StoredModel | undefined> => {
  const path = layout.manifest(digest);
  const [bytes, info] = [await ifThere(readFile(path)), await ifThere(stat(path))];
  if (bytes === undefined || info === undefined) return undefined;
  try {
    const manifest = parseManifest(bytes);
    const isPinned = (await ifThere(lstat(layout.pin(digest)))) !== undefined;
    const files = [...new Set(manifest.files.map(({ sha256 }) => sha256))];
    return { digest, manifest, files, isPinned, isFixed: isPinned, usedMs: info.mtimeMs };
  } catch {
    return undefined; // damaged: its files belong to nobody then, and go first
  }
};

/** Links from outside: the file has more of them than its own name and those in the folders of models. */
const isLinkedElsewhere = async (layout: Layout, sha256: string, models: readonly StoredModel[]): Promise<boolean> => {
  const blob = await ifThere(lstat(layout.blob(sha256)));
  if (blob === undefined) return false;
  const places = models.flatMap(({ digest, manifest }) =>
    manifest.files.flatMap((file) => (file.sha256 === sha256 ? [join(layout.model(digest), file.path)] : [])),
  );
  const links = await Promise.all(places.map((path) => ifThere(lstat(path))));
  return blob.nlink > 1 + links.filter((info) => info?.ino === blob.ino).length;
};

/** Removes what a process that was killed, or a damaged manifest, left among the models. To be called under the lock. */
export const sweep = async (directory: string, layout: Layout): Promise<void> => {
  const models = await listModels(directory, layout);
  const known = new Set(models.flatMap(({ digest }) => [digest, `${digest}.json`, `${digest}.pin`]));
  for (const folder of ["models", "manifests"])
    for (const name of await readdir(join(directory, folder)))
      if (!known.has(name)) await rm(join(directory, folder, name), { force: true, recursive: true });
};

/** All models in the cache. Those with files that have links outside it are fixed: removing them would free nothing. */
export const listModels = async (directory: string, layout: Layout): Promise<readonly StoredModel[]> => {
  const names = (await readdir(join(directory, "manifests"))).flatMap(
    (name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? [],
  );
  const stored = (await Promise.all(names.map((digest) => readStored(layout, digest)))).flatMap((model) => model ?? []);
  return Promise.all(
    stored.map(async (model) => {
      const linked = await Promise.all(model.files.map((sha256) => isLinkedElsewhere(layout, sha256, stored)));
      return { ...model, isFixed: model.isPinned || linked.includes(true) };
    }),
  );
};

/** Bytes on the disk by sha256: whole files, and parts of others. */
export const listHeld = async (directory: string): Promise<ReadonlyMap<string, number>> => {
  const held = new Map<string, number>();
  for (const folder of ["parts", "blobs"]) {
    for (const name of await readdir(join(directory, folder))) {
      const info = sha256Name.test(name) ? await ifThere(lstat(join(directory, folder, name))) : undefined;
      if (info !== undefined) held.set(name, (held.get(name) ?? 0) + info.size);
    }
  }
  return held;
};

/** Writes a small file that appears whole or not at all. */
export const writeWhole = async (path: string, bytes: Uint8Array): Promise<void> => {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, bytes, { flush: true, flag: "wx" });
  await rename(temporary, path);
};

/** Removes a file of the cache, and what there is of it. */
export const dropFile = async (layout: Layout, sha256: string): Promise<void> => {
  for (const path of [layout.blob(sha256), layout.part(sha256), `${layout.part(sha256)}.json`])
    await rm(path, { force: true, recursive: true });
};

/** Removes a model's folder and manifest; its files stay, perhaps as those of other models. */
export const dropModel = async (layout: Layout, digest: string): Promise<void> => {
  await rm(layout.model(digest), { force: true, recursive: true });
  await rm(layout.pin(digest), { force: true });
  await rm(layout.manifest(digest), { force: true });
};
