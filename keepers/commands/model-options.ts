/** What commands about models share. */
import { readFile } from "node:fs/promises";
import { InvalidArgumentError } from "commander";
import { type ModelManifest, parseManifest } from "../models/manifest.ts";
import { errorLine } from "../runtime/errors.ts";
import { visible } from "./model-io.ts";
import { UsageError } from "./usage-error.ts";

/** One line of JSON that steers no terminal. */
export const jsonText = (value: unknown): string => visible(JSON.stringify(value));

export const repeated = (text: string, before: readonly string[]): readonly string[] => [...before, text];

export const parseSha256 = (text: string): string => {
  const hex = text.toLowerCase().replace(/^0x/, "");
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw new InvalidArgumentError("It must be 64 hex digits.");
};

const sizeUnits: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, TB: 1e12 };

/** Bytes of `200GB`. */
export const parseSize = (text: string): number => {
  const [, number = "", unit = ""] = /^([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(MB|GB|TB)$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * (sizeUnits[unit.toUpperCase()] ?? 0));
  if (bytes > 0) return bytes;
  throw new InvalidArgumentError("It must be a size such as 200GB.");
};

export const parseHttpUrl = (text: string, before: readonly string[]): readonly string[] => {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.username === "")
    return [...before, text];
  throw new InvalidArgumentError("It must be an http or https URL without user and query.");
};

/** A manifest in a file. Throws UsageError. */
export const readManifestFile = async (
  path: string,
): Promise<{ readonly bytes: Uint8Array; readonly manifest: ModelManifest }> => {
  try {
    const bytes = new Uint8Array(await readFile(path));
    return { bytes, manifest: parseManifest(bytes) };
  } catch (cause) {
    throw new UsageError(`${path} cannot be used: ${errorLine(cause)}.`, { cause });
  }
};

/** Work that Ctrl-C ends in an orderly way; a second one ends the process. */
export const interruptible = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort(new UsageError("Stopped. What was downloaded is kept."));
  process.once("SIGINT", onInterrupt);
  try {
    return await work(stop.signal);
  } finally {
    process.off("SIGINT", onInterrupt);
  }
};
