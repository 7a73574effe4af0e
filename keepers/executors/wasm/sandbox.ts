import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** How child processes are confined on this machine. */
export type Sandbox = {
  readonly isolation: readonly string[];
  readonly warnings: readonly string[];
  /** The command line of a child that may use `memoryBytes` besides its own needs and `cpuS` seconds of processor time. */
  command(memoryBytes: number, cpuS: number): readonly [program: string, ...args: string[]];
};

const childSource = readFileSync(new URL("./child.mjs", import.meta.url), "utf8");
const gibibyte = 2 ** 30;

/** Permissions: no files, no processes, no workers, no native add-ons; none is granted back. Stack 6,000 KiB. */
const nodeFlags = [
  "--permission",
  "--stack-size=6000",
  "--max-old-space-size=256",
  "--disallow-code-generation-from-strings",
  "--no-warnings",
];

function find(name: string): string | undefined {
  return ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
    .map((folder) => `${folder}/${name}`)
    .find((path) => existsSync(path));
}

function works(command: readonly string[]): boolean {
  const [program = "", ...args] = command;
  return spawnSync(program, args, { env: {}, cwd: "/", stdio: "ignore", timeout: 5_000 }).status === 0;
}

/** Tries the ways of taking the network away, strongest first. */
function findNetworkWrapper(): readonly string[] | undefined {
  const unshare = find("unshare");
  if (unshare === undefined) return undefined;
  const ways = process.getuid?.() === 0 ? ["-n", "-rn"] : ["-rn"];
  const probe = [process.execPath, "--permission", "--eval", "0"];
  const way = ways.find((flags) => works([unshare, flags, ...probe]));
  return way === undefined ? undefined : [unshare, way];
}

/**
 * Finds out, by trying, how children can be confined here. Takes about 50 ms.
 * @param extraFlags further flags of the engine, which never change what an execution results in.
 */
export function findSandbox(extraFlags: readonly string[] = []): Sandbox {
  const network = findNetworkWrapper();
  const prlimit = find("prlimit");
  const canLimit = prlimit !== undefined && works([prlimit, "--core=0", "--fsize=0", process.execPath, "--eval", "0"]);

  function command(memoryBytes: number, cpuS: number): readonly [string, ...string[]] {
    const limits = [`--data=${memoryBytes + 2 * gibibyte}`, `--cpu=${cpuS}`, "--core=0", "--fsize=0"];
    const wrappers = [...(canLimit ? [prlimit, ...limits] : []), ...(network ?? [])];
    const [program = process.execPath, ...args] = [...wrappers, process.execPath];
    return [program, ...args, ...nodeFlags, ...extraFlags, "--eval", childSource];
  }

  return {
    isolation: [
      "process",
      "no-files",
      ...(network === undefined ? [] : ["no-network"]),
      ...(canLimit ? ["resource-limits"] : []),
    ],
    warnings: [
      ...(network === undefined
        ? [
            "Guests run without a network namespace: unshare is missing or not allowed. Allow user namespaces, or run as root.",
          ]
        : []),
      ...(canLimit ? [] : ["Guests run without resource limits: prlimit is missing. Install util-linux."]),
    ],
    command,
  };
}
