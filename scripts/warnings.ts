// What the compiler warned of in this project's own contracts, read from the outputs that a build leaves behind: they say so
// after a build that had nothing to compile as well.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A message of the compiler, as solc's standard output has it. */
export type Message = {
  readonly severity: string;
  readonly errorCode?: string;
  readonly formattedMessage: string;
  readonly sourceLocation?: { readonly file: string };
};

/** Outputs of the compiler: of what is deployed and its test doubles, and of the tests in Solidity. */
const folders = ["artifacts/build-info", "cache/build-info"];

/** Warnings that are as they should be: sizes beyond what a chain takes, of what goes to no chain. By code and file. */
const expected: readonly { readonly codes: readonly string[]; readonly file: RegExp }[] = [
  // compiled as part of the core, with settings that it is never deployed with; contract-checks.ts measures what is deployed
  { codes: ["5574"], file: /^project\/contracts\/EscrowExtension\.sol$/ },
  { codes: ["5574", "3860"], file: /^project\/test\// },
];

/** Whether a message is a warning about a file of this project that nobody expects. Without a file it is one as well. */
export function isOwnWarning({ severity, errorCode, sourceLocation }: Message): boolean {
  if (severity !== "warning") return false;
  const file = sourceLocation?.file ?? "";
  if (file.startsWith("npm/")) return false;
  return !expected.some((one) => one.codes.includes(errorCode ?? "") && one.file.test(file));
}

/** Own warnings of the last builds, each once, as the compiler words them. */
export function ownWarnings(root: string): readonly string[] {
  const outputs = folders
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
    .filter((path) => path.endsWith(".output.json"));
  return [
    ...new Set(
      outputs
        .flatMap(messagesOf)
        .filter(isOwnWarning)
        .map((one) => one.formattedMessage.trim()),
    ),
  ];
}

function messagesOf(path: string): readonly Message[] {
  const { output } = JSON.parse(readFileSync(path, "utf8")) as { output: { errors?: readonly Message[] } };
  return output.errors ?? [];
}
