// Asks the compiler's model checker whether the assertions of a contract can fail. Its solver, Z3, is inside the compiler from npm.
//
// The engine is BMC. It takes a function as it is, for all inputs, and looks at loops up to a bound; no function here has one, so
// that what it proves holds. CHC, the other engine, needs fifty times as long for the same answers.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, posix } from "node:path";

type Compiler = {
  compile(input: string, callbacks: { import: (path: string) => { contents: string } | { error: string } }): string;
};
type Message = { readonly severity: string; readonly errorCode?: string; readonly formattedMessage: string };

/** What the checker found of a contract: how many conditions hold, and those of which it cannot tell, or which fail. */
export type Finding = { readonly proved: number; readonly open: readonly string[] };

/** Changes a source before it is compiled: a path from the root, and its text. */
export type Edit = (path: string, text: string) => string;

const root = join(import.meta.dirname, "..", "..");
const targets = ["assert", "overflow", "underflow", "divByZero", "outOfBounds", "popEmptyArray"];
const provedSafe = "2961";
/** Codes of BMC for each target that may fail, or does. */
const failures = ["4661", "7812", "2661", "8065", "4144", "5270", "3046", "1218"];

/** Checks one contract of a file of test/smt. Throws where it does not compile, and where nothing was there to check. */
export function prove(file: string, contract: string, edit: Edit = (_, text) => text): Finding {
  const solc = createRequire(import.meta.url)("solc") as Compiler;
  const read = (path: string) => edit(path, readFileSync(join(root, pathOf(path)), "utf8"));
  const modelChecker = {
    engine: "bmc",
    contracts: { [file]: [contract] },
    targets,
    showUnproved: true,
    showProvedSafe: true,
  };
  const input = {
    language: "Solidity",
    sources: { [file]: { content: read(file) } },
    settings: { modelChecker },
  };
  const output = solc.compile(JSON.stringify(input), { import: (path) => ({ contents: read(path) }) });
  const messages = (JSON.parse(output) as { errors?: readonly Message[] }).errors ?? [];
  const broken = messages.find(({ severity }) => severity === "error");
  if (broken !== undefined) throw new Error(broken.formattedMessage);
  const proved = messages.filter(({ errorCode }) => errorCode === provedSafe).length;
  const open = messages.filter(({ errorCode }) => failures.includes(errorCode ?? ""));
  if (proved + open.length === 0) throw new Error(`${contract} in ${file} has nothing to prove.`);
  return { proved, open: open.map(({ formattedMessage }) => formattedMessage.trim()) };
}

/** Where an import is, from the root. */
function pathOf(path: string): string {
  return path.startsWith("@") ? posix.join("node_modules", path) : path;
}
