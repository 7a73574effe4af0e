import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { DeploymentRecord } from "../../deploy/run/record.ts";

/** The compiler is the one from npm, pinned. */
type Package = { readonly version: string; readonly devDependencies: { readonly solc: string } };

/** Which sources this is: for the record. A working tree with changes is named as such. */
export function buildFacts(): DeploymentRecord["build"] {
  const git = (...args: string[]) => spawnSync("git", args, { encoding: "utf8", cwd: import.meta.dirname });
  const { version, devDependencies } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  ) as Package;
  const head = git("rev-parse", "HEAD");
  const isChanged = git("status", "--porcelain", "--untracked-files=no").stdout !== "";
  const commit = head.status === 0 ? `${head.stdout.trim()}${isChanged ? " with changes" : ""}` : "unknown";
  return { version, commit, compiler: devDependencies.solc };
}
