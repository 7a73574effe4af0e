import { Command } from "commander";
import { formatAmount, formatAsk } from "../cli/amounts.ts";
import type { Io } from "../cli/io.ts";
import { connected, listed, taskArgument } from "../cli/options.ts";
import { during } from "../cli/progress.ts";
import { chainNowS, readPool, readTask, type TaskFacts, tasksOf } from "../cli/reads.ts";
import { type ConnectionOptions, openSession, type Session, type Tokens } from "../cli/session.ts";
import { dateOf, fieldsOf, jsonLine, shortened, tableOf } from "../cli/text.ts";
import { mapLimit } from "../runtime/concurrency.ts";
import { idsAfter } from "./node-list.ts";

type ListOptions = ConnectionOptions & { readonly after: bigint; readonly limit: bigint };

/** `atoma task list`: the registered tasks in the order of their ids. */
export function taskListCommand(io: Io): Command {
  const command = new Command("list").description("Lists registered tasks");
  return listed(connected(command)).action(async (options: ListOptions) => io.exit(await list(io, options)));
}

const list = async (io: Io, options: ListOptions): Promise<number> => {
  const session = await openSession(io, options);
  const count = await session.context.publicClient.readContract({ ...tasksOf(session), functionName: "taskCount" });
  const ids = idsAfter(options, count);
  const tasks = await during(
    io,
    "Tasks are read",
    mapLimit(ids, 4, (taskId) => readTask(session, taskId)),
  );
  const nowS = await chainNowS(session);
  if (options.json === true) io.out(jsonLine({ count, tasks }));
  else for (const line of linesOf(tasks, count, session.tokens, nowS)) io.out(line);
  return 0;
};

const snapshotText = ({ snapshot }: TaskFacts, nowS: bigint): string => {
  if (snapshot === undefined) return "none";
  return snapshot.publishedAtS + snapshot.freshForS >= nowS ? `${snapshot.count} nodes` : "too old";
};

const linesOf = (tasks: readonly TaskFacts[], count: bigint, { stake }: Tokens, nowS: bigint): readonly string[] => {
  const rows = tasks.map((task) => [
    task.taskId.toString(),
    task.kind,
    task.poolSize.toString(),
    snapshotText(task, nowS),
    formatAmount(task.stakePerNode, stake),
    shortened(task.artifactUri, 60),
  ]);
  const last = tasks.at(-1)?.taskId ?? count;
  const more = last < count ? [`${count - last} more: --after ${last}`] : [];
  return [...tableOf(["task", "kind", "nodes", "snapshot", "stake per node", "artifact"], rows), ...more];
};

/** `atoma task show`: everything about one task. */
export function taskShowCommand(io: Io): Command {
  const command = new Command("show").description("Shows a task: terms, artifact, pool and its prices");
  return connected(command.addArgument(taskArgument())).action(async (taskId: bigint, options: ConnectionOptions) =>
    io.exit(await show(io, taskId, options)),
  );
}

const show = async (io: Io, taskId: bigint, options: ConnectionOptions): Promise<number> => {
  const session = await openSession(io, options);
  const task = await readTask(session, taskId);
  const nowS = await chainNowS(session);
  const prices = await pricesOf(session, task);
  if (options.json === true) io.out(jsonLine({ ...task, ...(prices === undefined ? {} : { asks: prices }) }));
  else for (const line of taskLines(task, session.tokens, nowS, prices)) io.out(line);
  return 0;
};

type Prices = { readonly least: bigint; readonly median: bigint; readonly most: bigint };

/** Of the latest snapshot, where it can be named; in multiples of 10^askExponent. */
const pricesOf = async (session: Session, task: TaskFacts): Promise<Prices | undefined> => {
  const pool = await readPool(session, task).catch(() => []);
  const asks = pool.map(({ ask }) => ask).sort((a, b) => (a < b ? -1 : 1));
  const [least, median, most] = [asks[0], asks[Math.floor(asks.length / 2)], asks.at(-1)];
  return least === undefined || median === undefined || most === undefined ? undefined : { least, median, most };
};

const taskLines = (
  task: TaskFacts,
  { payment, stake }: Tokens,
  nowS: bigint,
  prices: Prices | undefined,
): readonly string[] => {
  const ask = (value: bigint): string => formatAsk(value, payment, task.askExponent);
  const workload = /^0x0*$/.test(task.workloadId) ? undefined : task.workloadId;
  return [
    `Task ${task.taskId}`,
    ...fieldsOf({
      kind: task.kind,
      publisher: task.publisher,
      artifact: task.artifactUri,
      sha256: task.artifactDigest,
      runtime: task.runtimeDigest,
      "TEE workload": workload,
      "unit size": task.unitSize.toString(),
      "stake per node": formatAmount(task.stakePerNode, stake),
      royalty: `${task.royaltyBps / 100}%`,
      "time to answer": `${task.windowS} s`,
      "longest output": `${task.maxOutputBytes} bytes`,
      "least reputation": task.minReputation.toString(),
      "active nodes": task.poolSize.toString(),
      snapshot: snapshotText(task, nowS),
      "published at": task.snapshot === undefined ? undefined : dateOf(task.snapshot.publishedAtS),
      asks: prices && `${ask(prices.least)} to ${ask(prices.most)} per unit, median ${ask(prices.median)}`,
    }),
  ];
};
