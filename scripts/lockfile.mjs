// Completes package-lock.json after an install on a registry mirror that lacks other platforms' binaries.
//
// `npm install` drops an optional dependency that the registry cannot serve, and `npm ci` then refuses the lockfile
// ("Missing: ... from lock file"). This adds each missing optional dependency that is pinned to an exact version, with
// the platform its name states, so that `npm ci` passes everywhere and skips it where it does not belong.
//
// Run after every `npm install --omit-lockfile-registry-resolved`: node scripts/lockfile.mjs, and with gateway/model as its
// argument after one there.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL(`../${process.argv[2] ?? "."}/package-lock.json`, import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
const systems = { linux: ["linux"], darwin: ["darwin", "mac"], win32: ["win32", "win"] };
const processors = { x64: ["x64", "amd64"], arm64: ["arm64"], arm: ["armv7l"], riscv64: ["riscv64"] };
const exactVersion = /^\d+\.\d+\.\d+$/;

function isLocked(parent, name) {
  for (let folder = parent; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1))) {
    if (lock.packages[`${folder}${folder === "" ? "" : "/"}node_modules/${name}`] !== undefined) return true;
    if (folder === "") return false;
  }
}

function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = Object.entries(systems).find(([, names]) => names.some((one) => words.includes(one)))?.[0];
  const cpu = Object.entries(processors).find(([, names]) => names.some((one) => words.includes(one)))?.[0];
  if (os === undefined || cpu === undefined) throw new Error(`cannot tell the platform of ${name} from its name`);
  return { os: [os], cpu: [cpu] };
}

const added = [];
for (const [parent, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!exactVersion.test(version) || isLocked(parent, name)) continue;
    lock.packages[`node_modules/${name}`] = { version, ...platformOf(name), optional: true };
    added.push(`${name}@${version}`);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? "package-lock.json is complete" : `added ${added.join(", ")}`);
