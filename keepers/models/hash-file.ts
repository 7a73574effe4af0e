/** sha256 of files that do not fit memory. */
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const chunkBytes = 1024 * 1024;

export type HashOptions = {
  readonly signal?: AbortSignal;
  /** Called with the length of each piece that was read. */
  readonly onBytes?: (count: number) => void;
};

/** Feeds the hash with the first `bytes` bytes. Returns how many there were. */
export const hashFrom = async (
  file: FileHandle,
  hash: Hash,
  bytes: number,
  { signal, onBytes }: HashOptions = {},
): Promise<number> => {
  const buffer = new Uint8Array(Math.min(chunkBytes, Math.max(bytes, 1)));
  let position = 0;
  while (position < bytes) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - position), position);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
    onBytes?.(bytesRead);
  }
  return position;
};

/** sha256 of a whole file, in lower-case hex, and its length. A symbolic link is not followed unless that is asked for. */
export const hashFile = async (
  path: string,
  options: HashOptions & { readonly follow?: boolean } = {},
): Promise<{ readonly sha256: string; readonly bytes: number }> => {
  const flags = constants.O_RDONLY | (options.follow === true ? 0 : constants.O_NOFOLLOW);
  await using file = await open(path, flags);
  const hash = createHash("sha256");
  const bytes = await hashFrom(file, hash, Number.MAX_SAFE_INTEGER, options);
  return { sha256: hash.digest("hex"), bytes };
};
