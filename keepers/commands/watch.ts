import { Command } from "commander";
import { follow } from "../cli/follow.ts";
import { type Io, processIo } from "../cli/io.ts";
import { connected, counting, parseCount, parseId, parseRequestId } from "../cli/options.ts";
import { defaultBlocks, findRequest, startOf } from "../cli/requests.ts";
import { type ConnectionOptions, openSession, type Session } from "../cli/session.ts";
import { makeStop, sayLine, watchRequest } from "../cli/watch-request.ts";
import { UsageError } from "./usage-error.ts";

type Options = ConnectionOptions & {
  readonly task?: bigint;
  readonly blocks?: bigint;
  readonly once?: boolean;
  readonly timeout: bigint;
  readonly outputFile?: string;
};

/** Without --blocks, how far back events are shown. */
const recentBlocks = 1_000n;
const pollMs = 1_000;

/** `atoma watch`: what happens to a request, to those of a task, or to all. */
export function watchCommand(io: Io = processIo): Command {
  const command = new Command("watch")
    .description(
      "Prints what happens, one event a line. For one request until it ends, then its answer: exit status 0 answered, 1\n" +
        "refunded or failed, 2 not ended. For a task, or all requests, until Ctrl-C",
    )
    .argument("[request]", "id of the request, or how it begins; all requests by default", parseRequestId)
    .option("--task <id>", "only requests of this task", parseId)
    .option("--blocks <count>", "how far back a short id is looked for (100000) or events are shown (1000)", parseCount)
    .option("--once", "stop at the newest block")
    .addOption(counting("--timeout <seconds>", "stop after so long; 0 never", 0n))
    .option("--output-file <file>", "write the output's bytes there, for one request");
  return connected(command).action(async (request: string | undefined, options: Options) =>
    io.exit(await watch(io, request, options)),
  );
}

const watch = async (io: Io, request: string | undefined, options: Options): Promise<number> => {
  if (request !== undefined && options.task !== undefined) throw new UsageError("Give a request or --task, not both.");
  const session = await openSession(io, options);
  if (request === undefined) return watchMany(io, session, options);
  const made = await findRequest(io, session, request, options.blocks ?? defaultBlocks);
  const { timeout: timeoutS, outputFile } = options;
  const file = outputFile === undefined ? {} : { outputFile };
  return watchRequest(io, session, made, {
    json: options.json === true,
    events: true,
    once: options.once === true,
    timeoutS,
    ...file,
  });
};

const watchMany = async (io: Io, session: Session, options: Options): Promise<number> => {
  const { signal, end } = makeStop(io, options.timeout);
  const from = await startOf(session, options.blocks ?? recentBlocks);
  const task = options.task === undefined ? {} : { taskId: options.task };
  try {
    const followed = follow(io, session, { from, pollMs, signal, once: options.once === true, ...task });
    for await (const line of followed) sayLine(io, options.json === true, line);
  } finally {
    end();
  }
  if (options.once !== true) io.err("Stopped. To go on: the same command; events of the last blocks are shown again.");
  return 0;
};
