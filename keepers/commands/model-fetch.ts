import { resolve } from "node:path";
import { Command } from "commander";
import { loadInstance } from "../chain/instance.ts";
import { loadSettings } from "../config.ts";
import { deploymentOf } from "../deployment.ts";
import { FetchError } from "../executor/fetch.ts";
import { registeredManifest } from "../models/registered.ts";
import { type FetchedModel, makeModelStore, type ModelStore } from "../models/store.ts";
import { makeDownloads } from "../network/download.ts";
import { makeHttp } from "../network/http.ts";
import { systemClock } from "../runtime/clock.ts";
import { makeRpc } from "../runtime/rpc.ts";
import { makePublicClient } from "../runtime/viem-client.ts";
import { sizeText } from "../models/size-text.ts";
import type { ModelIo } from "./model-io.ts";
import { interruptible, jsonText, parseHttpUrl, parseSha256, parseSize, readManifestFile } from "./model-options.ts";
import { makeReport } from "./model-progress.ts";
import { UsageError } from "./usage-error.ts";

type StoreOptions = { readonly store: string; readonly limit: number; readonly json?: boolean };
type Options = StoreOptions & {
  readonly gateway: readonly string[];
  readonly allowPrivate?: boolean;
  readonly pin?: boolean;
  readonly to?: string;
  readonly config?: string;
};

const defaultLimit = "200GB";

const stored = (command: Command): Command =>
  command
    .option("--store <folder>", "the cache of models", "atoma-models")
    .option("--json", "one line of JSON")
    .exitOverride();

/** `atoma model fetch`: has a model's files on this machine. */
export function modelFetchCommand(io: ModelIo): Command {
  const command = new Command("fetch")
    .description(
      "Downloads a model's files, each checked against its sha256, and goes on where an earlier run stopped. Exit status: 0\n" +
        "if the model is here, 2 if not. Docs: docs/register-a-model.md",
    )
    .argument("<manifest>", "a file, or the id of a task, with --config")
    .option("--config <file>", "settings of a keeper: says where the network is")
    .option("--limit <size>", "most that all models in the cache take", parseSize, parseSize(defaultLimit))
    .option(
      "--gateway <url>",
      "IPFS gateway, may be on this machine; can be repeated, none by default",
      parseHttpUrl,
      [],
    )
    .option("--allow-private", "download from private addresses too; private networks only")
    .option("--pin", "never remove this model to make room for another")
    .option("--to <folder>", "put the model's files there too, as links: on the same file system");
  return stored(command).action(async (what: string, options: Options) => io.exit(await fetchModel(io, what, options)));
}

const storeOf = ({ store, limit, gateway, allowPrivate }: Options): ModelStore =>
  makeModelStore({
    directory: store,
    limitBytes: limit,
    clock: systemClock,
    gateways: gateway,
    downloads: makeDownloads({
      allowPrivate: allowPrivate === true,
      trustedHosts: new Set(gateway.map((url) => new URL(url).host)),
    }),
  });

const bytesOf = async (io: ModelIo, what: string, options: Options, signal: AbortSignal): Promise<Uint8Array> => {
  if (!/^[1-9][0-9]{0,9}$/.test(what)) return (await readManifestFile(what)).bytes;
  if (options.config === undefined) throw new UsageError(`Task ${what} is looked up on the chain: name --config FILE.`);
  io.err(`Task ${what} is looked up ...`);
  const settings = loadSettings(options.config);
  const deployment = deploymentOf(settings);
  const { id, rpcUrls, timeoutMs } = settings.chain;
  const rpc = makeRpc({ urls: rpcUrls, chainId: id, clock: systemClock, timeoutMs });
  const { taskRegistry } = await loadInstance(rpc, deployment);
  const http = makeHttp({ allowPrivate: options.allowPrivate === true });
  const gatewayHttp = makeHttp({ allowPrivate: true });
  try {
    const publicClient = makePublicClient(rpc, id);
    const deps = { publicClient, taskRegistry, http, gatewayHttp, gateways: options.gateway };
    return await registeredManifest(deps, BigInt(what), signal);
  } finally {
    http.close();
    gatewayHttp.close();
  }
};

const phases = { waiting: "Another download into this cache runs; waiting", checking: "Checking", downloading: "Downloading" }; // prettier-ignore

const fetchModel = async (io: ModelIo, what: string, options: Options): Promise<number> => {
  const report = makeReport(io.err);
  try {
    const model = await interruptible(async (signal) =>
      storeOf(options).fetch(await bytesOf(io, what, options, signal), {
        signal,
        onProgress: ({ phase, path, done, total }) =>
          phase === "waiting" ? io.err(`${phases.waiting} ...`) : report(`${phases[phase]} ${path}`, { done, total }),
        onEvict: ({ manifest, digest }) => io.err(`${manifest.name} (${digest}) is removed to make room.`),
        ...(options.pin === true ? { pin: true } : {}),
        ...(options.to === undefined ? {} : { to: options.to }),
      }),
    );
    if (options.json === true) io.out(jsonText(answerOf(model, options)));
    else for (const line of linesOf(model, options)) io.out(line);
    return 0;
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    io.err(`atoma: ${causesOf(error)}`); // every source with its reason, however many
    return 2;
  }
};

const causesOf = (error: Error): string =>
  error.cause instanceof Error ? `${error.message}: ${causesOf(error.cause)}` : error.message;

const manifestPath = ({ digest }: FetchedModel, { store }: Options): string =>
  resolve(store, "manifests", `${digest}.json`);

const answerOf = (model: FetchedModel, options: Options) => ({
  folder: model.folder,
  manifest: manifestPath(model, options),
  artifactDigest: `0x${model.digest}`,
  bytes: model.manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
});

const linesOf = (model: FetchedModel, options: Options): readonly string[] => {
  const { manifest, folder } = model;
  const { engine, version } = manifest.runtime;
  return [
    `${manifest.name} is here, and right: ${folder}`,
    `Point ${engine} ${version} at that folder, then put into the keeper's settings:`,
    "  models:",
    `    - manifest: ${manifestPath(model, options)}`,
    "      servedAs: <the model's name at your server>",
    "      backends:",
    "        - url: http://127.0.0.1:8000",
    ...(options.pin === true || options.to !== undefined
      ? []
      : ["Another model may take this one's place in the cache: --pin keeps it."]),
    "Docs: docs/serve-a-model.md",
  ];
};

/** `atoma model list`: what the cache has. */
export function modelListCommand(io: ModelIo): Command {
  const command = new Command("list").description("Lists the models in the cache, the latest used first");
  return stored(command).action(async (options: Options) => io.exit(await list(io, options)));
}

const list = async (io: ModelIo, options: Options): Promise<number> => {
  const models = await storeOf({ ...options, gateway: [], limit: 1 }).list();
  const rows = [...models]
    .sort((a, b) => b.usedMs - a.usedMs)
    .map(({ digest, manifest, usedMs, isPinned, isFixed }) => ({
      digest,
      name: manifest.name,
      bytes: manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
      usedAt: new Date(usedMs).toISOString(),
      isPinned,
      isFixed,
    }));
  if (options.json === true) io.out(jsonText({ models: rows }));
  else if (rows.length === 0) io.out(`${options.store} has no model.`);
  else
    for (const { digest, name, bytes, usedAt, isPinned, isFixed } of rows)
      io.out(`${digest}  ${sizeText(bytes).padStart(9)}  ${usedAt}  ${isPinned ? "pinned" : isFixed ? "linked" : "      "}  ${name}`); // prettier-ignore
  return 0;
};

/** `atoma model remove`: frees the room that a model takes. */
export function modelRemoveCommand(io: ModelIo): Command {
  const command = new Command("remove")
    .description("Removes a model from the cache, pinned or not. Exit status: 0 if it is gone, 1 if it was not there")
    .argument("<digest>", "as `list` shows it", parseSha256);
  return stored(command).action(async (digest: string, options: Options) => {
    const isGone = await storeOf({ ...options, gateway: [], limit: 1 }).remove(digest);
    if (options.json === true) io.out(jsonText({ digest, removed: isGone }));
    else io.out(isGone ? `${digest} is removed.` : `${digest} is not in ${options.store}.`);
    io.exit(isGone ? 0 : 1);
  });
}
