/** A file while it is downloaded: what is there already is kept, hashed, and continued. */
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { FetchError } from "../executor/fetch.ts";
import { hashFrom, type HashOptions } from "./hash-file.ts";

/** Whose bytes a part holds, if all are one version's of one URL, by its strong ETag. */
export type Origin = { readonly url: string; readonly etag: string };

export type Part = {
  length(): number;
  /** sha256 of what is there, lower-case hex. */
  digest(): string;
  origin(): Origin | undefined;
  /** Says where the bytes to come are from. To be called before they come. */
  note(origin: Origin | undefined): Promise<void>;
  append(bytes: Uint8Array): Promise<void>;
  /** Throws away what is there. */
  restart(): Promise<void>;
  /** Puts the file in its place, whole and on disk, read-only. Nothing else can be called afterwards. */
  finish(target: string): Promise<void>;
  close(): Promise<void>;
};

const originSchema = z.strictObject({ url: z.string().max(4_096), etag: z.string().max(256) });
/** Ours alone, and never through a symbolic link that somebody put there. */
const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const readOrigin = async (path: string): Promise<Origin | undefined> => {
  try {
    return originSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined; // absent or damaged: one question more for the server, no more
  }
};

const syncFolder = async (path: string): Promise<void> => {
  await using folder = await open(path, constants.O_RDONLY);
  await folder.sync();
};

const openFile = async (path: string): Promise<FileHandle> => {
  try {
    const file = await open(path, flags, 0o600);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (cause) {
    throw new FetchError(`${path} cannot be written`, { cause });
  }
  throw new FetchError(`${path} is no regular file: remove it`);
};

/** Opens a part, and hashes what it holds, once. One longer than `maxBytes` starts anew. Throws FetchError. */
export const openPart = async (path: string, maxBytes: number, options: HashOptions = {}): Promise<Part> => {
  const file = await openFile(path);
  const originPath = `${path}.json`;
  let hash: Hash = createHash("sha256");
  let length = 0;
  let origin: Origin | undefined;

  const note = async (next: Origin | undefined): Promise<void> => {
    if (next?.url === origin?.url && next?.etag === origin?.etag) return;
    origin = next;
    if (next === undefined) await rm(originPath, { force: true });
    else await writeFile(originPath, JSON.stringify(next), { mode: 0o600 });
  };
  const restart = async (): Promise<void> => {
    await file.truncate(0);
    hash = createHash("sha256");
    length = 0;
    await note(undefined);
  };
  const append = async (bytes: Uint8Array): Promise<void> => {
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, length + done);
        done += bytesWritten;
      }
    } catch (cause) {
      throw new FetchError(`${path} cannot be written; what is there is kept, so that a later try goes on`, { cause });
    }
    hash.update(bytes);
    length += bytes.length;
  };
  const finish = async (target: string): Promise<void> => {
    await file.sync();
    await rename(path, target);
    await file.chmod(0o444);
    await file.close();
    await syncFolder(dirname(target));
    await rm(originPath, { force: true });
  };

  try {
    if ((await file.stat()).size > maxBytes) await restart();
    length = await hashFrom(file, hash, maxBytes, options);
    origin = length === 0 ? undefined : await readOrigin(originPath);
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    length: () => length,
    digest: () => hash.copy().digest("hex"),
    origin: () => origin,
    note,
    append,
    restart,
    finish,
    close: () => file.close(),
  };
};
