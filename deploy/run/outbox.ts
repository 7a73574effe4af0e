import { appendFileSync, closeSync, constants, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Hex, keccak256 } from "viem";

/** A transaction that was signed and may have been sent. */
export type Signed = { readonly nonce: number; readonly hash: Hex; readonly raw: Hex };

/**
 * Every transaction of a deployment, written down before a node hears of it: whatever happens afterwards, it is known what
 * the chain may hold.
 */
export type Outbox = {
  readonly add: (nonce: number, raw: Hex) => Signed;
  readonly all: () => readonly Signed[];
};

/** The outbox of a folder. A line that a crash cut off was never sent. */
export function openOutbox(folder: string): Outbox {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "sent.jsonl");
  return {
    add: (nonce, raw) => {
      const signed = { nonce, hash: keccak256(raw), raw };
      appendDurably(path, `\n${JSON.stringify(signed)}`);
      return signed;
    },
    all: () => (existsSync(path) ? linesOf(readFileSync(path, "utf8")).map((line) => line as Signed) : []),
  };
}

/** Appends, and returns when it is on the disk. */
export function appendDurably(path: string, text: string): void {
  const file = openSync(path, constants.O_CREAT | constants.O_WRONLY | constants.O_APPEND | constants.O_DSYNC);
  try {
    appendFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

/** The whole JSON lines of a text; one that was cut off by a crash is left out. */
export function linesOf(text: string): unknown[] {
  return text.split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch {
      return [];
    }
  });
}
