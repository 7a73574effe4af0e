/** What commands about models share. */
import { readFile } from "node:fs/promises";
import { InvalidArgumentError } from "commander";
import type { Io } from "../cli/io.ts";
import { baseOf, type Server } from "../executors/openai/ask.ts";
import { type ModelManifest, parseManifest } from "../models/manifest.ts";
import { errorLine } from "../runtime/errors.ts";
import { UsageError } from "./usage-error.ts";

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

/** Throws UsageError where the file cannot be read. */
export const readText = async (path: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${errorLine(cause)}.`, { cause });
  }
};

export type ServerOptions = { readonly server: string; readonly servedAs: string; readonly apiKeyFile?: string };

/** Longest wait for a server that loads the model on its first question. */
const serverTimeoutMs = 600_000;

/** The server that options name. Throws UsageError. */
export const serverOf = async ({ server, servedAs, apiKeyFile }: ServerOptions): Promise<Server> => {
  if (!/^https?:$/.test(URL.parse(server)?.protocol ?? ""))
    throw new UsageError("--server must be an http or https URL.");
  const key = apiKeyFile === undefined ? undefined : (await readText(apiKeyFile)).trim();
  const authorization = key === undefined ? undefined : `Bearer ${key}`;
  return { base: baseOf(server), servedAs, authorization, idleMs: serverTimeoutMs, wholeMs: serverTimeoutMs };
};

/** Work that Ctrl-C ends in an orderly way; a second one ends the process. */
export const interruptible = async <T>(
  io: Pick<Io, "onInterrupt">,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const stop = new AbortController();
  const takeBack = io.onInterrupt(() => stop.abort(new UsageError("Stopped. What was downloaded is kept.")));
  try {
    return await work(stop.signal);
  } finally {
    takeBack();
  }
};
