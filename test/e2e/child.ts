import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Folders for runs of the demo, in memory where the system keeps files there. */
export function makeFolders() {
  const folders: string[] = [];
  return {
    freshFolder: async (): Promise<string> => {
      const folder = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "atoma-demo-test-"));
      folders.push(folder);
      return folder;
    },
    removeAll: async (): Promise<void> => {
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs the demo as `npm start` does, with its files under `folder`. It gets the signal where its progress shows `until`. */
export function runChild(
  args: readonly string[],
  folder: string,
  until?: string,
  signal: NodeJS.Signals = "SIGINT",
): Promise<Ended> {
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, ["scripts/demo/main.ts", ...args], { env });
  let [stdout, stderr, isInterrupted] = ["", "", false];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    if (until === undefined || isInterrupted || !stderr.includes(until)) return;
    isInterrupted = child.kill(signal);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
