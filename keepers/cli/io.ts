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

/** The process itself. */
export const processIo: Io = {
  out: (line) => void process.stdout.write(`${visible(line)}\n`),
  err: (line) => void process.stderr.write(`${visible(line)}\n`),
  ...(process.stdin.isTTY && process.stderr.isTTY ? { ask: askOnTerminal } : {}),
  exit: (status) => void (process.exitCode = status),
  environment: () => readCliEnvironment(),
  onInterrupt,
};
