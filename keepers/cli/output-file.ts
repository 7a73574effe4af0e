import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "../commands/usage-error.ts";

/** Throws UsageError where a file could not be written later. Writes nothing. */
export const checkWritable = (file: string): void => {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) throw new Error("it is a folder");
    accessSync(found === undefined ? dirname(file) : file, constants.W_OK);
  } catch (cause) {
    throw new UsageError(`--output-file ${file} cannot be written: name a file in a folder of yours.`, { cause });
  }
};
