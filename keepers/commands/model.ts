import { Command } from "commander";
import { digestsOf } from "../models/digests.ts";
import { verifyFolder } from "../models/verify-folder.ts";
import { modelCreateCommand } from "./model-create.ts";
import { modelFetchCommand, modelListCommand, modelRemoveCommand } from "./model-fetch.ts";
import { type ModelIo, processModelIo } from "./model-io.ts";
import { interruptible, jsonText, readManifestFile } from "./model-options.ts";
import { makeReport } from "./model-progress.ts";
import { manifestLines } from "./model-text.ts";
import { UsageError } from "./usage-error.ts";

type Options = { readonly json?: boolean };

/** `atoma model`: what publishers and operators do with models. */
export function modelCommand(io: ModelIo = processModelIo): Command {
  const command = new Command("model")
    .description("Models: describe, download, verify. Docs: docs/register-a-model.md")
    .exitOverride();
  const commands = [
    modelCreateCommand,
    modelFetchCommand,
    modelVerifyCommand,
    modelShowCommand,
    modelListCommand,
    modelRemoveCommand,
  ];
  for (const make of commands) command.addCommand(make(io));
  return command;
}

/** `atoma model show`: what a manifest says. */
function modelShowCommand(io: ModelIo): Command {
  return new Command("show")
    .description("Explains a manifest, with the digests that its task is registered with")
    .argument("<manifest>", "the manifest's file")
    .option("--json", "one line of JSON")
    .exitOverride()
    .action(async (path: string, { json }: Options) => {
      const { bytes, manifest } = await readManifestFile(path);
      const digests = digestsOf(bytes, manifest);
      if (json === true) io.out(jsonText({ ...digests, manifest }));
      else for (const line of manifestLines(manifest, digests)) io.out(line);
      io.exit(0);
    });
}

/** `atoma model verify`: whether a folder has the model. */
function modelVerifyCommand(io: ModelIo): Command {
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

const verify = async (io: ModelIo, folder: string, path: string, { json }: Options): Promise<number> => {
  const { manifest } = await readManifestFile(path);
  const report = makeReport(io.err);
  const total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const verdict = await interruptible((signal) =>
    verifyFolder(folder, manifest, (file) => ({
      signal,
      onBytes: (count) => report(`Reading ${file.path}`, { done: (done += count), total }),
    })),
  );
  if (verdict === undefined) throw new UsageError(`There is no folder ${folder}.`);
  const { problems, extra } = verdict;
  if (json === true) io.out(jsonText({ isRight: problems.length === 0, problems, extra }));
  else {
    for (const problem of problems) io.out(`WRONG: ${problem.path} ${problem.why}`);
    for (const other of extra) io.out(`The manifest does not name ${other}: see that your server does not read it.`);
    const right = manifest.files.length - problems.length;
    io.out(`${right} of ${manifest.files.length} files of ${manifest.name} are right.`);
  }
  return problems.length === 0 ? 0 : 1;
};
