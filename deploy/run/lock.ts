import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeploymentError } from "../parameters/network-file.ts";

/**
 * Runs something while no other process deploys from the same folder: two would send everything twice. A lock that a dead
 * process left is taken over. Throws DeploymentError where another one is at work.
 */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "lock");
  takeLock(path);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function takeLock(path: string): void {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    const holder = Number(readFileSync(path, "utf8"));
    if (isAlive(holder))
      throw new DeploymentError("Another deployment is at work:", [`process ${holder} holds ${path}.`], { cause });
    rmSync(path, { force: true });
    writeFileSync(path, String(process.pid), { flag: "wx" });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
