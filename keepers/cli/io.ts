/** What a command needs of the process that runs it, so that a test can be that process. */
import { createInterface } from "node:readline/promises";
import { type CliEnvironment, readCliEnvironment } from "../config.ts";
import { visible } from "./text.ts";

export type Io = {
  /** One line of the answer. Control characters in it become visible: see `visible`. */
  readonly out: (line: string) => void;
  /** One line about what is going on. */
  readonly err: (line: string) => void;
  /** Asks whoever sits at the terminal; absent where nobody does. */
  readonly ask?: (question: string) => Promise<string>;
  /** Sets the exit status. */
  readonly exit: (status: number) => void;
  readonly environment: () => CliEnvironment;
  /** Calls back at Ctrl-C, once, in place of ending the process; returns what takes that back. */
  readonly onInterrupt: (callback: () => void) => () => void;
};

const askOnTerminal = async (question: string): Promise<string> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(visible(question));
  } finally {
    terminal.close();
  }
};

const onInterrupt = (callback: () => void): (() => void) => {
  process.once("SIGINT", callback);
  return () => void process.off("SIGINT", callback);
};

/**
 * Bears readers that leave early, as `| head -1` does. Without one for the answer there is nothing left to do: the process
 * ends, with status 2. Without one for what is going on, all goes on: something may be half sent.
 */
export const bearLeavingReaders = (): void => {
  const onError = (then: () => void) => (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    then();
  };
  process.stdout.on(
    "error",
    onError(() => process.exit(2)),
  );
  process.stderr.on(
    "error",
    onError(() => undefined),
  );
};

/** The process itself. */
export const processIo: Io = {
  out: (line) => void process.stdout.write(`${visible(line)}\n`),
  err: (line) => void process.stderr.write(`${visible(line)}\n`),
  ...(process.stdin.isTTY && process.stderr.isTTY ? { ask: askOnTerminal } : {}),
  exit: (status) => void (process.exitCode = status),
  environment: () => readCliEnvironment(),
  onInterrupt,
};
