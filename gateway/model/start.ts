// Starts the embedded model for whoever needs a real model server: tests, the demo, an operator who tries things out.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cachedModel } from "./train/cache.ts";

const serverFile = fileURLToPath(new URL("server.ts", import.meta.url));
const trainerFile = fileURLToPath(new URL("train/main.ts", import.meta.url));
/** npm writes this when all is installed. */
const installedFile = new URL("node_modules/.package-lock.json", import.meta.url);
const startTimeoutMs = 60_000;
const trainingTimeoutMs = 300_000;
const maxLastWords = 2_000;

export type ModelServer = {
  /** Where it serves, without a slash at the end. Paths of the API begin with /v1. */
  readonly url: string;
  readonly modelFile: string;
  /** What the server says of its weights and its engine: `system_fingerprint` of its answers. */
  readonly fingerprint: string;
  /** Ends the process. Calling it again does nothing. */
  stop(): Promise<void>;
};

/** Whether the packages of the model server are here. Where they are not, AI is left out: there is no platform for it. */
export function isModelPackageInstalled(): boolean {
  return existsSync(installedFile);
}

/**
 * The file of the trained model. Trains it, in a process of its own and in about ten seconds, where it is missing or damaged,
 * and tells `progress` about it in lines. Throws an error where the trained file is not the one the project knows.
 */
export async function ensureModel({ progress }: { progress: (line: string) => void }): Promise<string> {
  const cached = cachedModel();
  if (cached !== undefined) return cached;
  const child = spawn(process.execPath, [trainerFile], { stdio: ["ignore", "pipe", "pipe"] });
  createInterface({ input: child.stderr }).on("line", progress);
  return readFirstLine(child, trainingTimeoutMs);
}

/**
 * Starts a server of a GGUF file in a process of its own, on a free port of this machine. It ends with `stop`, with
 * `signal`, and with this process. Throws an error with the server's last words where it does not come up.
 */
export async function startModelServer(options: {
  readonly modelFile: string;
  readonly name?: string;
  readonly queueLimit?: number;
  readonly signal?: AbortSignal;
}): Promise<ModelServer> {
  const { modelFile, name, queueLimit, signal } = options;
  signal?.throwIfAborted();
  const args = [serverFile, "--model", modelFile, "--port", "0", "--until-stdin-ends"];
  if (name !== undefined) args.push("--name", name);
  if (queueLimit !== undefined) args.push("--queue", `${queueLimit}`);
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
  const isClosed = once(child, "close");
  const stop = async (): Promise<void> => {
    signal?.removeEventListener("abort", abort);
    child.kill("SIGKILL");
    await isClosed;
  };
  const abort = (): void => void stop();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const { url, fingerprint } = JSON.parse(await readFirstLine(child, startTimeoutMs)) as {
      url: string;
      fingerprint: string;
    };
    return { url, modelFile, fingerprint, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first line on the child's standard output. Throws an error with its last words where none comes. */
async function readFirstLine(child: ChildProcess, timeoutMs: number): Promise<string> {
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (words = (words + text).slice(-maxLastWords)));
  const fail = (what: string): Error => new Error(`The embedded model's process ${what}. Its last words: ${words}`);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(fail(`said nothing for ${timeoutMs} ms`)), timeoutMs);
      child.once("error", reject);
      child.once("close", (code) => reject(fail(`ended with exit code ${code}`)));
      if (child.stdout !== null) createInterface({ input: child.stdout }).once("line", resolve);
    });
  } finally {
    clearTimeout(timer);
  }
}
