/** Compiles contracts out of the documentation, with the project's compiler, beside the project's sources. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathOf } from "./pages.ts";

type Compiler = {
  compile(input: string, callbacks: { import: (path: string) => { contents: string } | { error: string } }): string;
};
type Compiled = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, Artifact>>>>;
};
type Artifact = {
  readonly abi: readonly Readonly<Record<string, unknown>>[];
  readonly evm: { readonly bytecode: { readonly object: string } };
};

/** The compiler takes seconds to load. */
const load = (): Compiler => createRequire(import.meta.url)("solc") as Compiler;

const readSource = (path: string): { contents: string } | { error: string } => {
  try {
    return { contents: readFileSync(pathOf(path.startsWith("@") ? `node_modules/${path}` : path), "utf8") };
  } catch (error) {
    return { error: String(error) };
  }
};

/**
 * Compiles `source` as if it were the file `path`, which need not exist.
 *
 * @throws Error with the compiler's messages; a warning counts
 */
export function compileAs(path: string, source: string): { readonly [name: string]: Artifact } {
  const input = {
    language: "Solidity",
    sources: { [path]: { content: source } },
    settings: { evmVersion: "osaka", outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
  };
  const { errors = [], contracts = {} } = JSON.parse(
    load().compile(JSON.stringify(input), { import: readSource }),
  ) as Compiled;
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join("\n"));
  return contracts[path] ?? {};
}
