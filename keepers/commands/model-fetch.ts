import { join, resolve } from "node:path";
import { Command } from "commander";
import type { Io } from "../cli/io.ts";
import { connected, parseId } from "../cli/options.ts";
import { during } from "../cli/progress.ts";
import { type ConnectionOptions, openSession } from "../cli/session.ts";
import { jsonLine } from "../cli/text.ts";
import { FetchError } from "../executor/fetch.ts";
import { registeredManifest } from "../models/registered.ts";
import { type FetchedModel, makeModelStore, type ModelStore } from "../models/store.ts";
import { makeDownloads } from "../network/download.ts";
import { makeHttp } from "../network/http.ts";
import { systemClock } from "../runtime/clock.ts";
import { sizeText } from "../models/size-text.ts";
import { interruptible, parseHttpUrl, parseSha256, parseSize, readManifestFile } from "./model-options.ts";
import { makeReport } from "./model-progress.ts";

type StoreOptions = { readonly store?: string; readonly json?: boolean };
type Options = StoreOptions &
  ConnectionOptions & {
    readonly limit: number;
    readonly gateway: readonly string[];
    readonly allowPrivate?: boolean;
    readonly pin?: boolean;
    readonly to?: string;
  };

const defaultLimit = "200GB";

const storeOption = (command: Command): Command =>
  command.option("--store <folder>", "the cache of models; atoma/models in the user's folder of caches unless given");

const folderOf = (io: Io, { store }: StoreOptions): string => resolve(store ?? join(io.environment().cacheHome, "atoma/models")); // prettier-ignore

/** `atoma model fetch`: has a model's files on this machine. */
export function modelFetchCommand(io: Io): Command {
  const command = new Command("fetch")
    .description(
      "Downloads a model's files, each checked against its sha256, and goes on where an earlier run stopped. Exit status: 0\n" +
        "if the model is here, 2 if not. Docs: docs/register-a-model.md",
    )
    .argument("<manifest>", "a file, or the id of a task; then say where the network is, as below")
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
  return connected(storeOption(command)).action(async (what: string, options: Options) =>
    io.exit(await fetchModel(io, what, options)),
  );
}

const storeOf = (io: Io, options: Options): ModelStore => {
  const { limit, gateway, allowPrivate } = options;
  const trustedHosts = new Set(gateway.map((url) => new URL(url).host));
  const guard = { allowPrivate: allowPrivate === true };
  const [downloads, gatewayDownloads] = [makeDownloads(guard), makeDownloads({ ...guard, trustedHosts })]; // a manifest's own URLs never reach a private gateway
  return makeModelStore({ directory: folderOf(io, options), limitBytes: limit, clock: systemClock, gateways: gateway, downloads, gatewayDownloads }); // prettier-ignore
};

/** Where nothing is downloaded. */
const closedStoreOf = (io: Io, options: StoreOptions): ModelStore => storeOf(io, { ...options, gateway: [], limit: 1 });

const bytesOf = async (io: Io, what: string, options: Options, signal: AbortSignal): Promise<Uint8Array> => {
  if (!/^[1-9][0-9]{0,9}$/.test(what)) return (await readManifestFile(what)).bytes;
  const { context, instance } = await openSession(io, options);
  const http = makeHttp({ allowPrivate: options.allowPrivate === true });
  const gatewayHttp = makeHttp({ allowPrivate: true });
  try {
    const { publicClient } = context;
    const deps = { publicClient, taskRegistry: instance.taskRegistry, http, gatewayHttp, gateways: options.gateway };
    return await during(io, `The manifest of task ${what} is fetched`, registeredManifest(deps, parseId(what), signal));
  } finally {
    http.close();
    gatewayHttp.close();
  }
};

const phases = { waiting: "Another download into this cache runs; waiting", checking: "Checking", downloading: "Downloading" }; // prettier-ignore

const fetchModel = async (io: Io, what: string, options: Options): Promise<number> => {
  const report = makeReport(io.err);
  try {
    const model = await interruptible(io, async (signal) =>
      storeOf(io, options).fetch(await bytesOf(io, what, options, signal), {
        signal,
        onProgress: ({ phase, path, done, total }) =>
          phase === "waiting" ? io.err(`${phases.waiting} ...`) : report(`${phases[phase]} ${path}`, { done, total }),
        onEvict: ({ manifest, digest }) => io.err(`${manifest.name} (${digest}) is removed to make room.`),
        ...(options.pin === true ? { pin: true } : {}),
        ...(options.to === undefined ? {} : { to: options.to }),
      }),
    );
    const manifestPath = join(folderOf(io, options), "manifests", `${model.digest}.json`);
    if (options.json === true) io.out(jsonLine(answerOf(model, manifestPath)));
    else for (const line of linesOf(model, options, manifestPath)) io.out(line);
    return 0;
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    io.err(`atoma: ${causesOf(error)}`); // every source with its reason, however many
    return 2;
  }
};

const causesOf = (error: Error): string =>
  error.cause instanceof Error ? `${error.message}: ${causesOf(error.cause)}` : error.message;

const answerOf = (model: FetchedModel, manifestPath: string) => ({
  folder: model.folder,
  manifest: manifestPath,
  artifactDigest: `0x${model.digest}`,
  bytes: model.manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
});

const linesOf = (model: FetchedModel, options: Options, manifestPath: string): readonly string[] => {
  const { manifest, folder } = model;
  const { engine, version } = manifest.runtime;
  return [
    `${manifest.name} is here, and right: ${folder}`,
    `Point ${engine} ${version} at that folder, then put into the keeper's settings:`,
    "  models:",
    `    - manifest: ${manifestPath}`,
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
export function modelListCommand(io: Io): Command {
  const command = new Command("list").description("Lists the models in the cache, the latest used first");
  return ended(storeOption(command)).action(async (options: StoreOptions) => io.exit(await list(io, options)));
}

const ended = (command: Command): Command => command.option("--json", "one line of JSON").exitOverride();

const list = async (io: Io, options: StoreOptions): Promise<number> => {
  const models = await closedStoreOf(io, options).list();
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
  if (options.json === true) io.out(jsonLine({ models: rows }));
  else if (rows.length === 0) io.out(`${folderOf(io, options)} has no model.`);
  else
    for (const { digest, name, bytes, usedAt, isPinned, isFixed } of rows)
      io.out(`${digest}  ${sizeText(bytes).padStart(9)}  ${usedAt}  ${isPinned ? "pinned" : isFixed ? "linked" : "      "}  ${name}`); // prettier-ignore
  return 0;
};

/** `atoma model remove`: frees the room that a model takes. */
export function modelRemoveCommand(io: Io): Command {
  const command = new Command("remove")
    .description("Removes a model from the cache, pinned or not. Exit status: 0 if it is gone, 1 if it was not there")
    .argument("<digest>", "as `list` shows it", parseSha256);
  return ended(storeOption(command)).action(async (digest: string, options: StoreOptions) => {
    const isGone = await closedStoreOf(io, options).remove(digest);
    if (options.json === true) io.out(jsonLine({ digest, removed: isGone }));
    else io.out(isGone ? `${digest} is removed.` : `${digest} is not in ${folderOf(io, options)}.`);
    io.exit(isGone ? 0 : 1);
  });
}
