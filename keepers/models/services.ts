/** The models that the settings name, and their executors. */
import { readFileSync } from "node:fs";
import { ConfigError } from "../config.ts";
import { makeOpenAiExecutor, type OpenAiExecutor, type OpenAiExecutorOptions } from "../executors/openai/executor.ts";
import type { Clock } from "../runtime/clock.ts";
import { errorLine } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Settings } from "../settings.ts";
import { maxManifestBytes, type ModelManifest, parseManifest } from "./manifest.ts";

type ModelSettings = Settings["models"][number];

/** A model of the settings, with its files read. */
export type ModelSource = {
  readonly settings: ModelSettings;
  readonly manifest: ModelManifest;
  readonly manifestBytes: Uint8Array;
  /** The servers' API key. */
  readonly key: string | undefined;
};

const keyForm = /^[\x21-\x7e]{1,4096}$/;

const readManifest = ({ manifest: path }: ModelSettings): Pick<ModelSource, "manifest" | "manifestBytes"> => {
  const manifestBytes = new Uint8Array(readFileSync(path).subarray(0, maxManifestBytes + 1));
  return { manifestBytes, manifest: parseManifest(manifestBytes) };
};

const readKey = ({ keyFile }: ModelSettings): string | undefined => {
  if (keyFile === undefined) return undefined;
  const key = readFileSync(keyFile, "utf8").trim();
  if (!keyForm.test(key)) throw new Error(`the file ${keyFile} must hold one API key and nothing else`);
  return key;
};

/** What reading gave, or a sentence about why it gave nothing. */
const attempt = <T>(at: string, read: () => T): { readonly value: T } | { readonly problem: string } => {
  try {
    return { value: read() };
  } catch (error) {
    return { problem: `${at}: ${errorLine(error)}.` };
  }
};

/** Reads the manifests and keys that the settings name. Throws ConfigError with all that is wrong. */
export const readModels = ({ models }: Pick<Settings, "models">): readonly ModelSource[] => {
  const problems: string[] = [];
  const sources = models.flatMap((settings, i): readonly ModelSource[] => {
    const manifest = attempt(`models.${i}.manifest`, () => readManifest(settings));
    const key = attempt(`models.${i}.keyFile`, () => readKey(settings));
    for (const one of [manifest, key]) if ("problem" in one) problems.push(one.problem);
    return "problem" in manifest || "problem" in key ? [] : [{ settings, ...manifest.value, key: key.value }];
  });
  const digests = sources.map(({ manifestBytes }) => Buffer.from(manifestBytes).toString("base64"));
  if (new Set(digests).size < digests.length)
    problems.push("models: a manifest is named twice: list its servers together.");
  if (problems.length > 0) throw new ConfigError(problems);
  return sources;
};

/** How a model's executor is to be made. */
export const executorOptionsOf = (
  { settings, manifestBytes, key }: ModelSource,
  parts: { readonly clock: Clock; readonly log: Log; readonly metrics?: Metrics | undefined },
): OpenAiExecutorOptions => {
  const authorization = key === undefined ? undefined : `Bearer ${key}`;
  return {
    ...parts,
    manifest: manifestBytes,
    servedAs: settings.servedAs,
    backends: settings.backends.map((one) => ({ ...one, authorization })),
    timeoutMs: settings.timeoutS * 1_000,
    idleMs: settings.idleS * 1_000,
    checkEveryMs: settings.checkEveryS * 1_000,
  };
};

/** Makes the executors: one per model, to be shared by all jobs, so that no server gets more than its settings allow. */
export const openModels = (
  sources: readonly ModelSource[],
  parts: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
): readonly OpenAiExecutor[] => sources.map((source) => makeOpenAiExecutor(executorOptionsOf(source, parts)));

/** Keys of the models' servers, for redaction. */
export const keysOf = (sources: readonly ModelSource[]): readonly string[] =>
  sources.flatMap(({ key }) => (key === undefined ? [] : [key]));

/** Whether the jobs of these settings compute anything. */
export const computes = ({ jobs, watchtower }: Pick<Settings, "jobs" | "watchtower">): boolean =>
  jobs.includes("executor") || (jobs.includes("watchtower") && watchtower.reexecute > 0);
