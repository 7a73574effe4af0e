import { access, constants, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeScript } from "./acts.ts";
import { makeReorganisedScript } from "./acts-reorganised.ts";
import { NoAnvilError, startAnvil } from "./anvil.ts";
import { startChain } from "./chain.ts";
import { brokenExpectations, expectedOfAll, expectedOnAnvil, expectedWithModel } from "./expectations.ts";
import { makeCounter } from "./counter.ts";
import { makeStartKeeper } from "./keeper.ts";
import { nextSteps } from "./next-steps.ts";
import { type DemoOptions, helpText, parseOptions, UnknownOptionError } from "./options.ts";
import { figuresOf } from "./outcome.ts";
import { openModel } from "./model.ts";
import { makeProgress, WaitedTooLongError } from "./progress.ts";
import { reportOf } from "./report.ts";
import { runDemo } from "./run.ts";

const tooBusy =
  "The demo's windows are seconds: a machine that does much else misses them. Close other programs and try again.";

/** Runs the demo and tells its exit status. */
async function demo(options: DemoOptions, signal: AbortSignal): Promise<number> {
  const print = options.json ? console.error : console.log;
  const folder = await mkdtemp(join(await fastFolder(), "atoma-demo-"));
  const undo: (() => Promise<void> | void)[] = [() => rm(folder, { recursive: true, force: true })];
  const cleanUp = (one: () => Promise<void> | void): void => void undo.unshift(one);
  const warnings: string[] = [];
  const counter = makeCounter();
  const logDestination = { write: (line: string): void => void warnings.push(line) };
  const startKeeper = makeStartKeeper({ logDestination, executorOf: (_, executor) => counter.count(executor) });
  const progress = makeProgress({ write: print, nowMs: Date.now });
  try {
    const chain = await (options.client === "anvil" ? startAnvil(folder) : startChain());
    cleanUp(chain.close);
    const model = options.ai ? await openModel({ progress, cleanUp }) : undefined;
    const { reorganise } = chain;
    const [script, expected] =
      reorganise === undefined
        ? [makeScript({ hasModel: model !== undefined }), model === undefined ? expectedOfAll : expectedWithModel]
        : [makeReorganisedScript({ reorganise, tell: progress.note }), expectedOnAnvil];
    const demo = await runDemo({
      progress,
      chain,
      model,
      script,
      signal,
      cleanUp,
      folder,
      startKeeper,
      computed: counter.computed,
    });
    const broken = brokenExpectations(demo.outcome, expected);
    print(`\n${reportOf(demo.outcome)}\n`);
    if (broken.length > 0)
      print(`These expectations did not hold:\n${broken.map((one) => `  ${one}`).join("\n")}\n${tooBusy}`);
    else print(`All as expected, in ${figuresOf(demo.outcome).seconds} s.`);
    if (options.json) console.log(JSON.stringify(figuresOf(demo.outcome)));
    if (options.stay) await stayUp(nextSteps(demo), signal);
    return broken.length > 0 ? 1 : 0;
  } catch (error) {
    if (!signal.aborted) print(`The keepers' last warnings:\n${warnings.slice(-20).join("")}`);
    throw error;
  } finally {
    progress.step("Everything is stopped and its files are removed");
    for (const one of undo) await Promise.resolve(one()).catch((error: unknown) => print(`Clean-up: ${String(error)}`));
  }
}

/**
 * Where ten stores that are flushed at each write do not wait for one disk: in memory, where the system keeps files there
 * and nobody has named another place.
 */
async function fastFolder(): Promise<string> {
  const shared = "/dev/shm";
  if (process.env.TMPDIR !== undefined) return tmpdir();
  const isThere = await access(shared, constants.W_OK).then(
    () => true,
    () => false,
  );
  return isThere ? shared : tmpdir();
}

async function stayUp(text: string, signal: AbortSignal): Promise<void> {
  console.log(text);
  const idle = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  clearInterval(idle);
}

/** Ctrl-C once stops everything in order, twice at once. */
function interrupted(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(130);
      stopping.abort(new Error("Interrupted."));
    });
  }
  return stopping.signal;
}

async function main(args: readonly string[]): Promise<number> {
  const isCi = process.env.CI !== undefined && !["", "0", "false"].includes(process.env.CI);
  const options = parseOptions(args, { isTerminal: process.stdout.isTTY === true, isCi });
  if (options.help) {
    console.log(helpText);
    return 0;
  }
  const signal = interrupted();
  try {
    return await demo(options, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    console.error("Interrupted.");
    return 130;
  }
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  if (error instanceof WaitedTooLongError) console.error(`${error.message} ${tooBusy}`);
  else console.error(error instanceof UnknownOptionError || error instanceof NoAnvilError ? error.message : error);
  process.exit(1);
}
