/** Files by digest in one folder, bounded in total: the least recently used go first. */
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import type { FileToSend } from "../network/file-to-send.ts";

export type BlobCache = {
  get(digest: Hex): Promise<Uint8Array | undefined>;
  /** The same without reading it first. */
  open(digest: Hex): Promise<FileToSend | undefined>;
  /** Keeps a blob that the caller has checked, in place of what was there. One larger than the whole cache is not kept. */
  put(digest: Hex, bytes: Uint8Array): Promise<void>;
};

export type BlobCacheOptions = {
  readonly directory: string;
  readonly maxBytes: number;
  /** Unix milliseconds, for the order of use. */
  readonly now: () => number;
};

const name = /^[0-9a-f]{64}$/;

const nameOf = (digest: Hex): string => {
  const text = digest.slice(2).toLowerCase();
  if (!name.test(text)) throw new Error(`${digest} is no digest of 32 bytes`);
  return text;
};

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

const undefinedIfMissing = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

const listFiles = async (directory: string): Promise<{ path: string; bytes: number; usedMs: number }[]> => {
  const files = (await readdir(directory)).map(async (file) => {
    const path = join(directory, file);
    const info = await undefinedIfMissing(stat(path));
    return info === undefined ? [] : [{ path, bytes: info.size, usedMs: info.mtimeMs }];
  });
  return (await Promise.all(files)).flat();
};

const chunkBytes = 64 * 1024;

/**
 * Reads a file as it is asked for, one chunk at a time, and keeps it open between no two of them: a reader that stalls
 * holds neither memory nor a file, and one that is forgotten needs no cleaning up.
 */
const streamFile = (path: string): ReadableStream<Uint8Array> => {
  let position = 0;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    await using file = await open(path);
    const { bytesRead, buffer } = await file.read(new Uint8Array(chunkBytes), { position });
    position += bytesRead;
    if (bytesRead === 0) controller.close();
    else controller.enqueue(buffer.subarray(0, bytesRead));
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
};

/** Makes the cache; the folder is made when it is first needed. Written files appear whole or not at all. */
export const makeBlobCache = ({ directory, maxBytes, now }: BlobCacheOptions): BlobCache => {
  const makeRoom = async (bytes: number): Promise<void> => {
    const files = (await listFiles(directory)).sort((a, b) => a.usedMs - b.usedMs);
    let total = files.reduce((sum, file) => sum + file.bytes, bytes);
    for (const file of files) {
      if (total <= maxBytes) return;
      await rm(file.path, { force: true });
      total -= file.bytes;
    }
  };

  const markUsed = async (path: string): Promise<void> => {
    await undefinedIfMissing(utimes(path, now() / 1_000, now() / 1_000));
  };

  return {
    get: async (digest) => {
      const path = join(directory, nameOf(digest));
      const bytes = await undefinedIfMissing(readFile(path));
      if (bytes === undefined) return undefined;
      await markUsed(path);
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    open: async (digest) => {
      const path = join(directory, nameOf(digest));
      const info = await undefinedIfMissing(stat(path));
      if (info === undefined) return undefined;
      await markUsed(path);
      return { bytes: info.size, stream: () => streamFile(path) };
    },
    put: async (digest, bytes) => {
      if (bytes.length > maxBytes) return;
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const path = join(directory, nameOf(digest));
      await makeRoom(bytes.length);
      const temporary = join(directory, `${randomUUID()}.part`);
      await writeFile(temporary, bytes, { mode: 0o600, flush: true });
      await rename(temporary, path);
    },
  };
};
