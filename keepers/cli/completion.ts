/** What can come next on a command line: commands, options, and ids that the chain knows. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { Io } from "./io.ts";
import { openRequests } from "./requests.ts";
import { nodesOf, tasksOf } from "./reads.ts";
import { type ConnectionOptions, openSession } from "./session.ts";

/** What an argument or an option's value is. */
type Kind = "node" | "task" | "request";

const timeoutMs = 1_500;
const cacheMs = 30_000;
const mostIds = 200;
const recentBlocks = 5_000n;
const idShape = /^(0x[0-9a-f]{64}|[1-9][0-9]{0,9})$/;

/** Walks down the commands that the words name. */
const locate = (program: Command, words: readonly string[]): { command: Command; rest: readonly string[] } => {
  const [word, ...rest] = words;
  const next = program.commands.find((one) => one.name() === word || one.aliases().includes(word ?? ""));
  return next === undefined ? { command: program, rest: words } : locate(next, rest);
};

const takesValue = (command: Command, word: string | undefined): boolean =>
  command.options.some((option) => option.long === word && (option.required || option.optional));

/** Words that are neither options nor their values. */
const positional = (command: Command, words: readonly string[]): readonly string[] =>
  words.filter((word, i) => !word.startsWith("-") && !takesValue(command, words[i - 1]));

const kindOf = (name: string | undefined): Kind | undefined =>
  name === "node" || name === "task" || name === "request" ? name : undefined;

/** Values of the connection's options among the words. */
const connectionIn = (words: readonly string[]): ConnectionOptions => {
  const valueOf = (name: string): string | undefined => {
    const at = words.indexOf(name);
    return at === -1 ? undefined : words[at + 1];
  };
  const [rpc, deployment, config] = [valueOf("--rpc"), valueOf("--deployment"), valueOf("--config")];
  const instance = valueOf("--instance");
  return {
    ...(rpc === undefined ? {} : { rpc: [rpc] }),
    ...(deployment === undefined ? {} : { deployment }),
    ...(config === undefined ? {} : { config }),
    ...(instance === undefined ? {} : { instance }),
  };
};

const readIds = async (io: Io, connection: ConnectionOptions, kind: Kind): Promise<readonly string[]> => {
  const session = await openSession(io, connection);
  if (kind === "request") return openRequests(io, session, recentBlocks);
  const { publicClient } = session.context;
  const count =
    kind === "node"
      ? await publicClient.readContract({ ...nodesOf(session), functionName: "nodeCount" })
      : await publicClient.readContract({ ...tasksOf(session), functionName: "taskCount" });
  return Array.from({ length: Math.min(Number(count), mostIds) }, (_, i) => `${i + 1}`);
};

/** Where ids of one kind and connection are kept. Nothing but ids is ever taken from there. */
const cacheFile = (io: Io, connection: ConnectionOptions, kind: Kind): string => {
  const { rpc, deployment, instance, cacheHome } = io.environment();
  const key = JSON.stringify([connection, rpc, deployment, instance, kind]);
  return join(cacheHome, "atoma", `${createHash("sha256").update(key).digest("hex")}.json`);
};

const cached = (file: string, nowMs: number): readonly string[] | undefined => {
  try {
    const { atMs, ids } = JSON.parse(readFileSync(file, "utf8")) as { atMs: unknown; ids: unknown };
    if (typeof atMs !== "number" || nowMs - atMs > cacheMs || atMs > nowMs || !Array.isArray(ids)) return undefined;
    return ids.filter((id): id is string => typeof id === "string" && idShape.test(id)).slice(0, mostIds);
  } catch {
    return undefined;
  }
};

const keep = (file: string, ids: readonly string[], atMs: number): void => {
  try {
    mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify({ atMs, ids }), { mode: 0o600 });
  } catch {
    // without a cache it is only slower
  }
};

/** Ids, or none where the chain does not answer in time. */
const idsOf = async (io: Io, words: readonly string[], kind: Kind): Promise<readonly string[]> => {
  const connection = connectionIn(words);
  const file = cacheFile(io, connection, kind);
  const known = cached(file, Date.now());
  if (known !== undefined) return known;
  const quiet: Io = { ...io, err: () => undefined };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), timeoutMs)));
  const ids = await Promise.race([readIds(quiet, connection, kind), late]).catch(() => undefined);
  clearTimeout(timer);
  if (ids === undefined) return [];
  keep(file, ids, Date.now());
  return ids.slice(0, mostIds);
};

/** What may stand in place of the last of `words`, which is begun. The program's name is not among them. */
export const complete = async (io: Io, program: Command, words: readonly string[]): Promise<readonly string[]> => {
  const begun = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const { command, rest } = locate(program, before);
  const starting = (all: readonly string[]): readonly string[] => all.filter((one) => one.startsWith(begun));
  if (takesValue(command, before.at(-1))) {
    const kind = kindOf(before.at(-1)?.slice(2));
    return kind === undefined ? [] : starting(await idsOf(io, before, kind));
  }
  if (begun.startsWith("-")) return starting(command.options.flatMap(({ long }) => long ?? []));
  if (command.commands.length > 0)
    return starting(command.commands.map((one) => one.name()).filter((name) => !name.startsWith("_")));
  const kind = kindOf(command.registeredArguments[positional(command, rest).length]?.name());
  return kind === undefined ? [] : starting(await idsOf(io, before, kind));
};
