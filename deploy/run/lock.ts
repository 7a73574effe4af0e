import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { tryLock } from "../../keepers/runtime/lock.ts";
import { DeploymentError } from "../parameters/network-file.ts";

/**
 * Runs something while nothing else deploys from the same folder: two would send everything twice. The system takes the
 * lock back when its holder dies. Throws DeploymentError where another one is at work.
 */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "running.lock");
  const lock = tryLock(path);
  if (lock === undefined)
    throw new DeploymentError("Another deployment is at work:", [`it holds ${path}: wait for its end, or end it.`]);
  try {
    return await work();
  } finally {
    lock.release();
  }
}
