/** Whether cached files are right, without reading gigabytes more often than needed. */
import type { BigIntStats } from "node:fs";
import { lstat, rm } from "node:fs/promises";
import { hashFile, type HashOptions } from "./hash-file.ts";
import { ifThere } from "./layout.ts";
import type { ModelFile } from "./manifest.ts";

export type Verifier = {
  /** Whether the file is there, regular, and has its sha256. One that is there and wrong is removed. */
  isRight(path: string, file: ModelFile, options?: HashOptions): Promise<boolean>;
  /** Takes the file at its present state for right: the caller has hashed it. */
  trust(path: string): Promise<void>;
};

const stateOf = ({ dev, ino, size, mtimeNs }: BigIntStats): string => `${dev} ${ino} ${size} ${mtimeNs}`;

/**
 * Reads each file once, and again when the system says that it changed. A program that writes to a file and sets its times
 * back goes unnoticed until the next process: keep the folder to one owner.
 */
export const makeVerifier = (): Verifier => {
  const known = new Map<string, string>();
  return {
    isRight: async (path, file, options = {}) => {
      const info = await ifThere(lstat(path, { bigint: true }));
      if (info === undefined) return false;
      const isRight =
        info.isFile() &&
        info.size === BigInt(file.bytes) &&
        (known.get(path) === stateOf(info) || (await hashFile(path, options)).sha256 === file.sha256);
      if (isRight) known.set(path, stateOf(info));
      else await rm(path, { force: true, recursive: true });
      return isRight;
    },
    trust: async (path) => void known.set(path, stateOf(await lstat(path, { bigint: true }))),
  };
};
