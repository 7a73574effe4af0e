import { Command } from "commander";
import { type Io, processIo } from "../cli/io.ts";
import { during } from "../cli/progress.ts";
import { jsonLine } from "../cli/text.ts";
import { examineServer } from "../executors/openai/check.ts";
import { BackendError } from "../executors/openai/fault.ts";
import { digestsOf } from "../models/digests.ts";
import { verifyFolder } from "../models/verify-folder.ts";
import { errorLine } from "../runtime/errors.ts";
import { modelCreateCommand } from "./model-create.ts";
import { modelFetchCommand, modelListCommand, modelRemoveCommand } from "./model-fetch.ts";
import { interruptible, readManifestFile, serverOf, type ServerOptions } from "./model-options.ts";
import { makeReport } from "./model-progress.ts";
import { manifestLines } from "./model-text.ts";
import { UsageError } from "./usage-error.ts";

type Options = { readonly json?: boolean };

/** `atoma model`: what publishers and operators do with models. */
export function modelCommand(io: Io = processIo): Command {
  const command = new Command("model")
    .description("Models: describe, download, verify. Docs: docs/register-a-model.md")
    .exitOverride();
  const commands = [
    modelCreateCommand,
    modelFetchCommand,
    modelVerifyCommand,
    modelShowCommand,
    modelCheckCommand,
    modelListCommand,
    modelRemoveCommand,
  ];
  for (const make of commands) command.addCommand(make(io));
  return command;
}

/** `atoma model show`: what a manifest says. */
function modelShowCommand(io: Io): Command {
  return new Command("show")
    .description("Explains a manifest, with the digests that its task is registered with")
    .argument("<manifest>", "the manifest's file")
    .option("--json", "one line of JSON")
    .exitOverride()
    .action(async (path: string, { json }: Options) => {
      const { bytes, manifest } = await readManifestFile(path);
      const digests = digestsOf(bytes, manifest);
      if (json === true) io.out(jsonLine({ ...digests, manifest }));
      else for (const line of manifestLines(manifest, digests)) io.out(line);
      io.exit(0);
    });
}

/** `atoma model check`: whether a server runs the model. */
function modelCheckCommand(io: Io): Command {
  return new Command("check")
    .description(
      "Asks a server the manifest's check question, as keepers do. Exit status: 0 if it runs this model, 1 if it does not, or\n" +
        "the manifest has no question, or it does not answer",
    )
    .argument("<manifest>", "the manifest's file")
    .requiredOption("--server <url>", "an OpenAI-compatible server, with or without /v1")
    .requiredOption("--served-as <name>", "the model's name there")
    .option("--api-key-file <file>", "file with that server's API key")
    .option("--json", "one line of JSON")
    .exitOverride()
    .action(async (path: string, options: ServerOptions & Options) => io.exit(await check(io, path, options)));
}

const check = async (io: Io, path: string, options: ServerOptions & Options): Promise<number> => {
  const { manifest } = await readManifestFile(path);
  const server = await serverOf(options);
  const work = interruptible(io, (signal) => examineServer(server, manifest, signal));
  const found = await during(io, "The server is asked", work).catch((error: unknown) => {
    if (error instanceof BackendError) return error;
    throw error;
  });
  const isProven = !(found instanceof BackendError) && found.isProven;
  const why = found instanceof BackendError ? errorLine(found) : "the manifest has no check question";
  if (options.json === true) io.out(jsonLine(isProven ? { isProven } : { isProven, why }));
  else io.out(isProven ? `${options.server} runs ${manifest.name}.` : `${options.server} is not proven: ${why}.`);
  return isProven ? 0 : 1;
};

/** `atoma model verify`: whether a folder has the model. */
function modelVerifyCommand(io: Io): Command {
  return new Command("verify")
    .description(
      "Reads a folder's files and compares them with a manifest. Exit status: 0 if all are right, 1 if one is missing or\n" +
        "wrong, 2 if it cannot be looked at",
    )
    .argument("<folder>", "where the files are")
    .argument("<manifest>", "the manifest's file")
    .option("--json", "one line of JSON")
    .exitOverride()
    .action(async (folder: string, path: string, options: Options) => io.exit(await verify(io, folder, path, options)));
}

const verify = async (io: Io, folder: string, path: string, { json }: Options): Promise<number> => {
  const { manifest } = await readManifestFile(path);
  const report = makeReport(io.err);
  const total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const verdict = await interruptible(io, (signal) =>
    verifyFolder(folder, manifest, (file) => ({
      signal,
      onBytes: (count) => report(`Reading ${file.path}`, { done: (done += count), total }),
    })),
  );
  if (verdict === undefined) throw new UsageError(`There is no folder ${folder}.`);
  const { problems, extra } = verdict;
  if (json === true) io.out(jsonLine({ isRight: problems.length === 0, problems, extra }));
  else {
    for (const problem of problems) io.out(`WRONG: ${problem.path} ${problem.why}`);
    for (const other of extra) io.out(`The manifest does not name ${other}: see that your server does not read it.`);
    const right = manifest.files.length - problems.length;
    io.out(`${right} of ${manifest.files.length} files of ${manifest.name} are right.`);
  }
  return problems.length === 0 ? 0 : 1;
};
