/**
 * The cache of models: files by sha256 in one folder, within a limit. A model is wanted whole, and is refused before
 * anything is downloaded where it cannot fit.
 */
import { createHash } from "node:crypto";
import { statfs, utimes, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { FetchError } from "../executor/fetch.ts";
import type { Clock } from "../runtime/clock.ts";
import { tryLock, waitForLock } from "../runtime/lock.ts";
import { type FetchFileDeps, fetchFile } from "./fetch-file.ts";
import { makeFolder, makeOwnFolder } from "./folder.ts";
import {
  dropFile,
  dropModel,
  type Layout,
  listHeld,
  listModels,
  openLayout,
  type StoredModel,
  sweep,
  writeWhole,
} from "./layout.ts";
import { type ModelFile, type ModelManifest, parseManifest } from "./manifest.ts";
import { planRoom } from "./room.ts";
import { sizeText } from "./size-text.ts";
import { makeVerifier } from "./verified.ts";

export type ModelStoreDeps = FetchFileDeps & {
  readonly clock: Pick<Clock, "now" | "sleep">;
  readonly directory: string;
  /** Most that all files take. */
  readonly limitBytes: number;
  /** Free bytes on the disk of a folder; asked of the system by default. */
  readonly freeBytes?: (folder: string) => Promise<number>;
};

/** How far it is: `done` of `total` bytes are checked, or are here. */
export type FetchProgress = {
  readonly phase: "waiting" | "checking" | "downloading";
  readonly path: string;
  readonly done: number;
  readonly total: number;
};

export type FetchModelOptions = {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Called before a model is removed to make room. */
  readonly onEvict?: (model: StoredModel) => void;
  /** Never remove this model to make room. */
  readonly pin?: boolean;
  /** A folder of the operator's for the model, on the same file system, besides the cache's own. */
  readonly to?: string;
};

export type FetchedModel = { readonly digest: string; readonly manifest: ModelManifest; readonly folder: string };

export type ModelStore = {
  /**
   * Has all files of the model whose manifest this is, every one with its sha256, in a folder. Throws ManifestError, or
   * FetchError where a file cannot be had or there is no room; rejects with the reason of the signal.
   */
  fetch(manifest: Uint8Array, options: FetchModelOptions): Promise<FetchedModel>;
  /** All models, also those that are not whole yet. */
  list(): Promise<readonly StoredModel[]>;
  /** Removes a model and its files, but for those of others. False where it is not here. Throws FetchError while a download runs. */
  remove(digest: string): Promise<boolean>;
};

/** What must stay free on the disk. */
const reserveBytes = 256 * 1024 * 1024;

const freeOn = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

const distinct = (files: readonly ModelFile[]): readonly ModelFile[] => [
  ...new Map(files.map((file) => [file.sha256, file])).values(),
];
const sumBytes = (files: readonly ModelFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** Makes the cache; its folder is made when it is first needed. */
export const makeModelStore = (deps: ModelStoreDeps): ModelStore => {
  const { clock, limitBytes, freeBytes = freeOn } = deps;
  const directory = resolve(deps.directory);
  const verifier = makeVerifier();

  const check = async (layout: Layout, manifest: ModelManifest, { signal, onProgress }: FetchModelOptions) => {
    const files = distinct(manifest.files);
    const missing: ModelFile[] = [];
    const total = sumBytes(files);
    let done = 0;
    for (const file of files) {
      const onBytes = (count: number): void =>
        onProgress?.({ phase: "checking", path: file.path, done: (done += count), total });
      if (!(await verifier.isRight(layout.blob(file.sha256), file, { signal, onBytes }))) missing.push(file);
    }
    return missing;
  };

  /** Removes what has to go. Throws FetchError where that would not be enough, with everything still in its place. */
  const makeRoom = async (layout: Layout, manifest: ModelManifest, digest: string, options: FetchModelOptions) => {
    const others = (await listModels(directory, layout)).filter((model) => model.digest !== digest);
    const room = planRoom({
      wanted: new Map(manifest.files.map(({ sha256, bytes }) => [sha256, bytes])),
      held: await listHeld(directory),
      models: others,
      limitBytes,
      freeBytes: (await freeBytes(directory)) - reserveBytes,
    });
    if (room.kind === "tooSmall") throw new FetchError(refusal(room, others));
    for (const model of others.filter((one) => room.evict.includes(one.digest))) {
      options.onEvict?.(model);
      await dropModel(layout, model.digest);
    }
    for (const sha256 of room.drop) await dropFile(layout, sha256);
  };

  const download = async (layout: Layout, missing: readonly ModelFile[], options: FetchModelOptions) => {
    const total = sumBytes(missing);
    let before = 0;
    for (const file of missing) {
      const { sha256, path } = file;
      const onProgress = (bytes: number): void =>
        options.onProgress?.({ phase: "downloading", path, done: before + bytes, total });
      const { signal } = options;
      await fetchFile(deps, { file, partPath: layout.part(sha256), target: layout.blob(sha256), signal, onProgress });
      await verifier.trust(layout.blob(sha256)); // hashed while it came
      before += file.bytes;
    }
  };

  const fetchLocked = async (layout: Layout, bytes: Uint8Array, options: FetchModelOptions): Promise<FetchedModel> => {
    const manifest = parseManifest(bytes);
    const digest = createHash("sha256").update(bytes).digest("hex");
    await sweep(directory, layout);
    const missing = await check(layout, manifest, options);
    await makeRoom(layout, manifest, digest, options);
    await writeWhole(layout.manifest(digest), bytes);
    if (options.pin === true) await writeFile(layout.pin(digest), "");
    await download(layout, missing, options);
    const folder = layout.model(digest);
    await makeFolder(folder, manifest, layout.blob);
    if (options.to !== undefined) await makeOwnFolder(resolve(options.to), manifest, layout.blob);
    await utimes(layout.manifest(digest), clock.now() / 1_000, clock.now() / 1_000);
    return { digest, manifest, folder: options.to === undefined ? folder : resolve(options.to) };
  };

  return {
    fetch: async (bytes, options) => {
      parseManifest(bytes);
      const layout = await openLayout(directory);
      const onWait = (): void => options.onProgress?.({ phase: "waiting", path: "", done: 0, total: 0 });
      const lock = await waitForLock(layout.lock, { clock, signal: options.signal, onWait });
      try {
        return await fetchLocked(layout, bytes, options);
      } finally {
        lock.release();
      }
    },
    list: async () => listModels(directory, await openLayout(directory)),
    remove: async (digest) => {
      const layout = await openLayout(directory);
      const lock = tryLock(layout.lock);
      if (lock === undefined) throw new FetchError("a download into this cache runs: stop it, or wait for its end");
      try {
        const models = await listModels(directory, layout);
        const model = models.find((one) => one.digest === digest);
        if (model === undefined) return false;
        await dropModel(layout, digest);
        const kept = new Set(models.flatMap((one) => (one === model ? [] : one.files)));
        for (const sha256 of model.files) if (!kept.has(sha256)) await dropFile(layout, sha256);
        return true;
      } finally {
        lock.release();
      }
    },
  };
};

const refusal = (
  { what, neededBytes, haveBytes }: { what: "limit" | "disk"; neededBytes: number; haveBytes: number },
  others: readonly StoredModel[],
): string => {
  const stays = others.filter(({ isFixed }) => isFixed).map(({ manifest, digest }) => `${manifest.name} (${digest})`);
  const left = `${sizeText(neededBytes)} are needed and ${sizeText(Math.max(haveBytes, 0))} can be had`;
  const why = stays.length === 0 ? "" : `; these stay: ${stays.join(", ")}`;
  return what === "limit"
    ? `the model does not fit the cache's limit: ${left}${why}. Raise the limit, or remove a model`
    : `the model does not fit the disk: ${left}${why}. Free some space, or use another folder`;
};
