/** Runs `atoma` against a scene: inside this process, or as users do. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Io } from "../../../keepers/cli/io.ts";
import { visible } from "../../../keepers/cli/text.ts";
import { readCliEnvironment } from "../../../keepers/config.ts";
import { runProgram } from "../../../keepers/program.ts";
import type { Scene } from "../fixture.ts";
import { devKey } from "../runtime/chain.ts";

export type Ended = { readonly status: number; readonly out: string; readonly err: string };

export type Shell = {
  readonly folder: string;
  /** Runs a command line in this process; `env` comes on top of the connection's. */
  readonly atoma: (args: readonly string[], options?: RunOptions) => Promise<Ended>;
  /** `npm run --silent atoma -- ARGS`. */
  readonly npm: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ended>;
  /** The last line of a command's answer in JSON. Throws where it exits otherwise than with `status`. */
  readonly json: (
    args: readonly string[],
    options?: RunOptions & { status?: number },
  ) => Promise<Record<string, unknown>>;
  /** Writes a file; returns its path. */
  readonly file: (name: string, content: string) => string;
  readonly close: () => void;
};

export type RunOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** What the person at the terminal answers; nobody is there by default. */
  readonly answer?: string;
  /** Presses Ctrl-C after so long. */
  readonly interruptMs?: number;
  /** Called with every line of the answer. */
  readonly onLine?: (line: string) => void;
};

/** Payment in the account of the scene's requester, who is account 3. */
export const requesterKey = devKey(3);

const root = fileURLToPath(new URL("../../../", import.meta.url));

export const makeShell = (scene: {
  readonly market: Pick<Scene["market"], "instance">;
  readonly bridge: Scene["bridge"];
}): Shell => {
  const folder = mkdtempSync(join(tmpdir(), "atoma-cli-"));
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const { escrow } = scene.market.instance;
  const deployment = file("deployment.json", JSON.stringify({ chainId: 31_337, escrow, startBlock: 0 }));
  const base = {
    ATOMA_RPC: scene.bridge.url,
    ATOMA_DEPLOYMENT: deployment,
    ATOMA_PRIVATE_KEY: requesterKey,
    XDG_CACHE_HOME: join(folder, "cache"),
  };

  const atoma: Shell["atoma"] = async (args, { env = {}, answer, interruptMs, onLine } = {}) => {
    const out: string[] = [];
    const err: string[] = [];
    let status = 0;
    const io: Io = {
      out: (line) => {
        out.push(visible(line));
        onLine?.(line);
      },
      err: (line) => void err.push(visible(line)),
      ...(answer === undefined ? {} : { ask: (question) => Promise.resolve((err.push(question), answer)) }),
      exit: (code) => void (status = code),
      environment: () => readCliEnvironment({ ...base, ...env }),
      onInterrupt: (callback) => {
        const timer = interruptMs === undefined ? undefined : setTimeout(callback, interruptMs);
        return () => clearTimeout(timer);
      },
    };
    await runProgram(args, io);
    return { status, out: out.join("\n"), err: err.join("\n") };
  };
  const npm: Shell["npm"] = (args, env = {}) =>
    new Promise((resolve) => {
      const all = ["scripts/task.mjs", "atoma", ...args]; // what the npm script runs
      const options = { cwd: root, env: { ...process.env, ...base, ...env }, timeout: 60_000 };
      execFile(process.execPath, all, options, (error, out, err) => {
        resolve({ status: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out, err });
      });
    });
  const json: Shell["json"] = async (args, { status = 0, ...options } = {}) => {
    const ended = await atoma([...args, "--json"], options);
    if (ended.status !== status) throw new Error(`atoma ${args.join(" ")} exited with ${ended.status}: ${ended.err}`);
    return JSON.parse(ended.out.split("\n").at(-1) ?? "") as Record<string, unknown>;
  };
  return { folder, atoma, npm, json, file, close: () => rmSync(folder, { recursive: true }) };
};
