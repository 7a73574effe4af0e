import { readFile } from "node:fs/promises";
import { hexToBytes, keccak256, numberToHex, concatHex, type Hex, stringToHex } from "viem";
import { ensureModel, isModelPackageInstalled, type ModelServer, startModelServer } from "../../gateway/model/start.ts";
import { sha256 } from "../../keepers/runtime/sha256.ts";
import type { ModelManifest } from "../../keepers/models/manifest.ts";
import type { Progress } from "./progress.ts";

/** The model that the demo's nodes serve. They share one server: elsewhere each has its own. */
export type Model = {
  readonly url: string;
  /** Its name at the server. */
  readonly servedAs: string;
  /** What the task names by its hash. */
  readonly manifest: Uint8Array;
};

const servedAs = "atoma-embedded";
const seed = 1;
const maxTokens = 64;
/** Nodes ask it before they trust the server. */
const checkQuestion = "What is the capital of France?";

export type ModelDeps = { readonly progress: Progress; readonly cleanUp: (undo: () => Promise<void>) => void };

/** Starts the model's server. Undefined, and said so, where its package could not be installed. */
export async function openModel({ progress, cleanUp }: ModelDeps): Promise<Model | undefined> {
  if (!isModelPackageInstalled()) {
    progress.step("The question to a model is left out: its server's package is not installed (npm start tried)");
    return undefined;
  }
  progress.step("A model of half a megabyte starts behind an OpenAI-compatible server");
  const server = await startModelServer({ modelFile: await ensureModel({ progress: progress.note }) });
  cleanUp(server.stop);
  const { output } = await answerOf(server.url, checkQuestion);
  const manifest = await manifestOf(server, sha256(hexToBytes(output)).slice(2));
  progress.note(`${server.url}/v1, ${server.fingerprint}`);
  return { url: server.url, servedAs, manifest };
}

async function manifestOf({ modelFile }: ModelServer, outputSha256: string): Promise<Uint8Array> {
  const weights = await readFile(modelFile);
  const manifest: ModelManifest = {
    format: "atoma-model-1",
    kind: "chat",
    name: servedAs,
    licence: "MIT",
    files: [{ path: "model.gguf", bytes: weights.length, sha256: sha256(weights).slice(2), uris: [] }],
    runtime: {
      engine: "node-llama-cpp",
      version: "3.22.1",
      hardware: "one processor of this machine",
      settings: {},
      tokenIds: "return_token_ids",
      stream: true,
    },
    generation: { seed, maxTokens },
    check: { input: checkQuestion, outputSha256 },
  };
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/** What the server answers when asked directly, and the output that nodes must find. */
export async function answerOf(
  url: string,
  question: string,
): Promise<{ readonly text: string; readonly output: Hex }> {
  const body = {
    model: servedAs,
    messages: [{ role: "user", content: question }],
    ...{ temperature: 0, seed, max_tokens: maxTokens, return_token_ids: true },
  };
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`The model's server answered with status ${response.status}.`);
  const { choices } = (await response.json()) as Answer;
  const [choice] = choices;
  if (choice === undefined) throw new Error("The model's server gave no answer.");
  const { message, token_ids: ids } = choice;
  const digest = keccak256(concatHex(ids.map((id) => numberToHex(id, { size: 4 }))));
  return { text: message.content, output: concatHex([digest, stringToHex(message.content)]) };
}

type Answer = {
  readonly choices: readonly {
    readonly message: { readonly content: string };
    readonly token_ids: readonly number[];
  }[];
};

/** The text of an output of a model. */
export const textOf = (output: Hex): string => new TextDecoder().decode(hexToBytes(output).subarray(32));
