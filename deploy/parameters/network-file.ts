import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { placeholdersIn } from "./fields.ts";
import { type NetworkFile, networkSchema } from "./schema.ts";
import { networkFaults } from "./faults.ts";

/** A deployment cannot begin, or go on: `faults` has one sentence for each thing that is wrong. */
export class DeploymentError extends Error {
  override readonly name = "DeploymentError";
  readonly faults: readonly string[];
  constructor(title: string, faults: readonly string[], options?: ErrorOptions) {
    super([title, ...faults.map((fault) => `  - ${fault}`)].join("\n"), options);
    this.faults = faults;
  }
}

const folder = join(import.meta.dirname, "..", "networks");

/** Path of a network's file: its name, or a path of one. */
export function networkPath(nameOrPath: string): string {
  const named = join(folder, `${nameOrPath}.json`);
  return existsSync(named) ? named : nameOrPath;
}

/** Reads a network's file and checks all that can be known without a chain. Throws DeploymentError with every fault. */
export function readNetworkFile(nameOrPath: string): NetworkFile {
  const path = networkPath(nameOrPath);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DeploymentError(`The network's file cannot be used:`, [`${path} cannot be read as JSON: ${why}`], {
      cause,
    });
  }
  return parseNetwork(json, path);
}

/** The same of what a file holds; `path` is for the error. */
export function parseNetwork(json: unknown, path: string): NetworkFile {
  const open = placeholdersIn(json);
  const missing = open.map(([at, what]) => `${at} is not filled in: it must be ${what}.`);
  const parsed = networkSchema.safeParse(json, { reportInput: true });
  const wrong = parsed.success ? networkFaults(parsed.data) : issuesOf(parsed.error, open);
  const faults = [...missing, ...wrong];
  if (faults.length > 0) throw new DeploymentError(`${path} cannot be deployed:`, faults);
  if (!parsed.success) throw new Error(`${path} is not a network's file.`, { cause: parsed.error });
  return parsed.data;
}

/** Sentences of what the schema refuses, except where a placeholder explains it. */
function issuesOf({ issues }: z.ZodError, open: ReturnType<typeof placeholdersIn>): string[] {
  const isOpen = (at: string) => open.some(([path]) => path === at || path.startsWith(`${at}.`));
  return issues.flatMap((issue) => {
    const at = issue.path.join(".");
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => `${at === "" ? key : `${at}.${key}`} is no parameter: correct or remove it.`);
    if (isOpen(at)) return [];
    return [`${at} ${issue.input === undefined ? "is missing: it " : ""}${issue.message}${shown(issue.input)}.`];
  });
}

function shown(input: unknown): string {
  return typeof input === "string" || typeof input === "number" ? `; it is ${JSON.stringify(input)}` : "";
}
