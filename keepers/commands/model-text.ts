/** What commands say of a manifest. */
import { type ModelDigests } from "../models/digests.ts";
import type { ModelManifest } from "../models/manifest.ts";
import { sizeText } from "../models/size-text.ts";

const line = (name: string, value: string): string => `  ${name.padEnd(15)} ${value}`;

const tokenIdsText: Readonly<Record<ModelManifest["runtime"]["tokenIds"], string>> = {
  return_token_ids: "token ids as of `return_token_ids` (vLLM), and text",
  logprobs: "token ids as of `logprobs` (llama.cpp), and text",
  none: "text only",
};

const sourceText = (uris: readonly string[]): string =>
  uris.length === 0 ? "no source: ask the publisher" : `${uris.length} source${uris.length === 1 ? "" : "s"}`;

const tokenizerText = ({ tokenizer, files }: ModelManifest): string => {
  if (tokenizer === undefined) return "not named";
  const file = files.find(({ sha256 }) => sha256 === tokenizer.sha256);
  return `${tokenizer.sha256} ${file === undefined ? "(none of the files: part of one, or not given out)" : `(${file.path})`}`;
};

/** Most files that are listed by name. */
const shownFiles = 50;

/** A manifest in words. */
export const manifestLines = (manifest: ModelManifest, digests: ModelDigests): readonly string[] => {
  const { name, kind, licence, files, runtime, generation, check } = manifest;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const settings = Object.entries(runtime.settings).map(([key, value]) => `${key} = ${String(value)}`);
  return [
    `${name}, a model of the kind ${kind}`,
    line("licence", licence),
    line("artifactDigest", digests.artifactDigest),
    line("runtimeDigest", digests.runtimeDigest),
    line("runtime", `${runtime.engine} ${runtime.version} on ${runtime.hardware}`),
    line("settings", settings.length === 0 ? "none" : settings.join(", ")),
    line("commits to", tokenIdsText[runtime.tokenIds]),
    line("answers", runtime.stream ? "as streams" : "whole, not as streams"),
    line("tokenizer", tokenizerText(manifest)),
    line("generation", `seed ${generation.seed}, at most ${generation.maxTokens} tokens`),
    ...(generation.system === undefined ? [] : [line("system", JSON.stringify(generation.system))]),
    ...(generation.stop === undefined ? [] : [line("stop", JSON.stringify(generation.stop))]),
    line("check", check === undefined ? "none: nodes cannot tell whether a server runs this model" : JSON.stringify(check.input)), // prettier-ignore
    line("files", `${files.length}, ${sizeText(total)}`),
    ...files.slice(0, shownFiles).map(({ path, bytes, sha256, uris }) => `    ${path}  ${sizeText(bytes)}  ${sha256}  ${sourceText(uris)}`), // prettier-ignore
    ...(files.length > shownFiles ? [`    and ${files.length - shownFiles} more`] : []),
  ];
};
