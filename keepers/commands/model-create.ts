import { lstat, writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Io } from "../cli/io.ts";
import { jsonLine } from "../cli/text.ts";
import { outputSha256 } from "../executors/openai/check.ts";
import { BackendError } from "../executors/openai/fault.ts";
import { digestsOf, type ModelDigests } from "../models/digests.ts";
import { ifThere } from "../models/layout.ts";
import { hashFiles, listFiles, type LocalFile } from "../models/list-files.ts";
import { type ModelFile, modelKinds, type ModelKind, type ModelManifest, parseManifest } from "../models/manifest.ts";
import { sizeText } from "../models/size-text.ts";
import { errorLine } from "../runtime/errors.ts";
import { makeReport } from "./model-progress.ts";
import { interruptible, parseSha256, readText, repeated, serverOf } from "./model-options.ts";
import { UsageError } from "./usage-error.ts";

type Options = {
  readonly kind: ModelKind;
  readonly name: string;
  readonly licence: string;
  readonly engine: string;
  readonly engineVersion: string;
  readonly hardware: string;
  readonly setting: ModelManifest["runtime"]["settings"];
  readonly tokenIds: ModelManifest["runtime"]["tokenIds"];
  readonly stream: boolean;
  readonly seed: number;
  readonly maxTokens: number;
  readonly maxInputBytes?: number;
  readonly dimensions?: number;
  readonly system?: string;
  readonly stop: readonly string[];
  readonly url: readonly string[];
  readonly tokenizer?: string;
  readonly checkQuestion?: string;
  readonly checkOutputSha256?: string;
  readonly server?: string;
  readonly servedAs?: string;
  readonly apiKeyFile?: string;
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
};

/** `atoma model create`: writes the manifest of a model. */
export function modelCreateCommand(io: Io): Command {
  return new Command("create")
    .description(
      "Reads a model's files, writes its manifest, and says how to register it. Docs: docs/register-a-model.md\n\n" +
        "  atoma model create ./llama --kind chat --name 'Llama 8B Q4' --licence llama3.1 --engine llama.cpp \\\n" +
        "    --engine-version b4589 --hardware 'x86-64, 1 thread' --setting quantisation=Q4_K_M --token-ids logprobs \\\n" +
        "    --url https://models.example.org/llama --check-question 'Name a colour.' --server http://127.0.0.1:8080 \\\n" +
        "    --served-as llama",
    )
    .argument("<paths...>", "files, or folders with everything in them but hidden files")
    .addOption(new Option("--kind <kind>", "what it does").choices(modelKinds).makeOptionMandatory())
    .requiredOption("--name <name>", "for people")
    .requiredOption("--licence <id>", "SPDX identifier, or where the licence's text is")
    .requiredOption("--engine <name>", "program that runs it: vllm, llama.cpp")
    .requiredOption("--engine-version <version>", "whose outputs are equal")
    .requiredOption("--hardware <text>", "on which outputs are equal: 'NVIDIA H100, tensor parallel 1'")
    .option("--setting <name=value>", "whatever else must be equal; can be repeated", parseSetting, {})
    .addOption(
      new Option("--token-ids <how>", "how the server tells token ids: outputs commit to them")
        .choices(["return_token_ids", "logprobs", "none"])
        .default("none"),
    )
    .option("--no-stream", "ask for whole answers: for servers that tell token ids of these only")
    .option("--seed <number>", "of generation", parseWhole, 0)
    .option("--max-tokens <number>", "most tokens of an answer", parseWhole, 1_024)
    .option("--max-input-bytes <number>", "longer inputs are refused by every node; 1 MiB unless given", parseWhole)
    .option("--dimensions <number>", "length of an embedding's vector", parseWhole)
    .option("--system <file>", "text that precedes every conversation")
    .option("--stop <text>", "ends an answer; up to 4", repeated, [])
    .option("--url <url>", "folder where the files can be had, http, https or ipfs; can be repeated", repeated, [])
    .option("--tokenizer <path>", "which of the files is the tokenizer; tokenizer.json unless given")
    .option("--check-question <text>", "input whose output shows that a server runs this model")
    .option("--server <url>", "a server that runs it: is asked the check question")
    .option("--served-as <name>", "the model's name at that server")
    .option("--api-key-file <file>", "file with that server's API key")
    .option("--check-output-sha256 <hex>", "sha256 of the output, where no server is to be asked", parseSha256)
    .option("--out <file>", "the manifest", "manifest.json")
    .option("--force", "write over a file that is there")
    .option("--json", "one line of JSON")
    .exitOverride()
    .action(async (paths: readonly string[], options: Options) => io.exit(await create(io, paths, options)));
}

function parseWhole(text: string): number {
  if (/^(0|[1-9][0-9]{0,9})$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

/** `true`, `false` and numbers are what they say, all else is text. */
function parseSetting(text: string, before: Options["setting"]): Options["setting"] {
  const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("It must be name=value.");
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  const isNumber = /^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$/.test(value);
  const meant = value === "true" || value === "false" ? value === "true" : isNumber ? Number(value) : value;
  return { ...before, [name]: meant };
}

const create = async (io: Io, paths: readonly string[], options: Options): Promise<number> => {
  checkCheck(options);
  await checkOut(options);
  const files = await listLocal(paths, options.out);
  const bare = await describe(io, files, options);
  const check = await checkOf(io, bare, options);
  const manifest = checked(check === undefined ? bare : { ...bare, check });
  const bytes = new TextEncoder().encode(`${JSON.stringify(manifest, undefined, 2)}\n`);
  const digests = digestsOf(bytes, parseManifest(bytes));
  await write(options, bytes);
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  if (options.json === true) io.out(jsonLine({ manifest: options.out, ...digests, files: files.length, bytes: total }));
  else for (const line of nextLines(manifest, digests, options, total)) io.out(line);
  return 0;
};

const checkCheck = ({ checkQuestion, checkOutputSha256, server, servedAs }: Options): void => {
  const isServer = server !== undefined && servedAs !== undefined;
  const ways = [isServer, checkOutputSha256 !== undefined].filter((given) => given).length;
  if ((server === undefined) !== (servedAs === undefined))
    throw new UsageError("--server and --served-as belong together: name both.");
  if (checkQuestion === undefined ? ways > 0 : ways !== 1)
    throw new UsageError(
      "--check-question needs --server URL and --served-as NAME, or --check-output-sha256 HEX: one of the two.",
    );
};

const listLocal = async (paths: readonly string[], out: string): Promise<readonly LocalFile[]> => {
  try {
    const files = await listFiles(paths, out);
    if (files.length > 0) return files;
  } catch (cause) {
    throw new UsageError(errorLine(cause), { cause });
  }
  throw new UsageError(
    "There is no file: name the model's files, or a folder that has them. Hidden files are left out.",
  );
};

const tokenizerOf = (files: readonly ModelFile[], path: string | undefined): Pick<ModelManifest, "tokenizer"> => {
  const file = files.find((one) => one.path === (path ?? "tokenizer.json"));
  if (file === undefined && path !== undefined) throw new UsageError(`--tokenizer ${path} is none of the files.`);
  return file === undefined ? {} : { tokenizer: { sha256: file.sha256 } };
};

/** The manifest but for its check question. What is wrong with it is said before the files are read. */
const describe = async (io: Io, local: readonly LocalFile[], options: Options): Promise<ModelManifest> => {
  const system = options.system === undefined ? undefined : await readText(options.system);
  const unread = local.map(({ path, bytes }, i) => ({
    path,
    bytes,
    sha256: i.toString(16).padStart(64, "0"),
    uris: [],
  }));
  checked(manifestFrom(unread, system, options));
  const report = makeReport(io.err);
  const total = local.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const files = await interruptible(io, (signal) =>
    hashFiles(local, options.url, ({ path }) => ({
      signal,
      onBytes: (count) => report(`Reading ${path}`, { done: (done += count), total }),
    })),
  );
  return manifestFrom(files, system, options);
};

const manifestFrom = (files: readonly ModelFile[], system: string | undefined, options: Options): ModelManifest => {
  const {
    kind,
    name,
    licence,
    engine,
    engineVersion: version,
    hardware,
    setting: settings,
    tokenIds,
    stream,
  } = options;
  const { seed, maxTokens, maxInputBytes, dimensions, stop, tokenizer } = options;
  return {
    format: "atoma-model-1",
    kind,
    name,
    licence,
    files: [...files],
    ...tokenizerOf(files, tokenizer),
    runtime: { engine, version, hardware, settings, tokenIds, stream },
    generation: {
      seed,
      maxTokens,
      ...(system === undefined ? {} : { system }),
      ...(stop.length === 0 ? {} : { stop: [...stop] }),
      ...(maxInputBytes === undefined ? {} : { maxInputBytes }),
      ...(dimensions === undefined ? {} : { dimensions }),
    },
  };
};

/** The manifest, if it is one. Throws UsageError with everything that is wrong. */
const checked = (manifest: ModelManifest): ModelManifest => {
  try {
    return parseManifest(new TextEncoder().encode(JSON.stringify(manifest)));
  } catch (cause) {
    throw new UsageError(`This would be no manifest: ${errorLine(cause)}`, { cause });
  }
};

/** The start of an output for people: the text behind the digest of its tokens, hex of what is no text. */
const shownOutput = (kind: ModelManifest["kind"], output: Uint8Array): string =>
  kind === "chat" || kind === "completion"
    ? new TextDecoder().decode(output.subarray(32)).slice(0, 200)
    : Buffer.from(output.subarray(0, 32)).toString("hex");

const checkOf = async (io: Io, bare: ModelManifest, options: Options): Promise<ModelManifest["check"]> => {
  const { checkQuestion: input, checkOutputSha256, server, servedAs = "", apiKeyFile } = options;
  if (input === undefined) return undefined;
  if (checkOutputSha256 !== undefined) return { input, outputSha256: checkOutputSha256 };
  const place = await serverOf({ server: server ?? "", servedAs, ...(apiKeyFile === undefined ? {} : { apiKeyFile }) });
  const ask = async (signal: AbortSignal) =>
    outputSha256(place, checked(bare), input, AbortSignal.any([signal, AbortSignal.timeout(place.idleMs)]));
  io.err(`${server ?? ""} is asked the check question, twice ...`);
  const asking = interruptible(io, async (signal) => [await ask(signal), await ask(signal)] as const);
  const [first, second] = await asking.catch((cause: unknown) => {
    if (!(cause instanceof BackendError)) throw cause;
    throw new UsageError(`The check question has no answer there: ${errorLine(cause)}.`, { cause });
  });
  if (first.sha256 !== second.sha256)
    throw new UsageError("The server answers the check question differently each time: nodes could not agree on it.");
  io.err(`It answers: ${shownOutput(bare.kind, first.output)}`);
  return { input, outputSha256: first.sha256 };
};

const checkOut = async ({ out, force }: Options): Promise<void> => {
  if (force !== true && (await ifThere(lstat(out))) !== undefined)
    throw new UsageError(`${out} is there already: name another --out, or add --force.`);
};

const write = async ({ out, force }: Options, bytes: Uint8Array): Promise<void> => {
  try {
    await writeFile(out, bytes, { flag: force === true ? "w" : "wx" });
  } catch (cause) {
    throw new UsageError(`${out} cannot be written: ${errorLine(cause)}.`, { cause });
  }
};

const nextLines = (
  manifest: ModelManifest,
  digests: ModelDigests,
  { out }: Options,
  total: number,
): readonly string[] => [
  `Wrote ${out}: ${manifest.files.length} files, ${sizeText(total)}`,
  `  artifactDigest  ${digests.artifactDigest}`,
  `  runtimeDigest   ${digests.runtimeDigest}`,
  ...(manifest.check === undefined
    ? ["Nodes cannot tell whether a server runs this model: add --check-question."]
    : []),
  ...(manifest.files.some(({ uris }) => uris.length === 0) ? ["Nodes have to get the files from you: add --url."] : []),
  `Put ${out} where nodes can get it, byte for byte, and register it with your terms:`,
  ...registerLines(manifest, digests, out),
];

/** The command that registers the task; what is in angle brackets is the publisher's to choose. */
const registerLines = ({ kind }: ModelManifest, { runtimeDigest }: ModelDigests, out: string): readonly string[] => [
  `  atoma task register --kind ${kind} --artifact ${out} --artifact-uri <URL of the manifest> \\`,
  `    --runtime-digest ${runtimeDigest} \\`,
  "    --unit-size <tokens per unit> --stake-per-node <ATOMA> --royalty-bps <0 to 2000> --ask-exponent <0 to 18> \\",
  "    --window-s <seconds> --max-output <bytes>",
];
