import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { getLlama, type Llama, type LlamaModel, type Token } from "node-llama-cpp";
import { ApiError } from "./errors.ts";
import type { Message } from "./requests.ts";
import { renderChat } from "./template.ts";

/** How to continue a prompt. `temperature` 0 takes the likeliest token each time; above, `seed` decides. */
export type Sampling = {
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  readonly maxTokens: number;
};

/** A model that is loaded. One call at a time: the caller sees to it. */
export type Engine = {
  /** Names the weights and everything else that decides which tokens follow. */
  readonly fingerprint: string;
  readonly sha256: string;
  /** The most tokens that prompt and answer may have together. */
  readonly contextTokens: number;
  readonly tokenCount: number;
  tokenize(text: string): number[];
  /** The tokens of a conversation up to the beginning of the next answer. */
  tokenizeChat(messages: readonly Message[]): number[];
  /** The text of tokens that follow others. */
  detokenize(tokens: readonly number[], before: readonly number[]): string;
  isEnd(token: number): boolean;
  /**
   * The tokens that follow the prompt, up to and with the token that ends an answer, `maxTokens` or the end of the
   * context. The same arguments give the same tokens whatever was asked before.
   */
  generate(prompt: readonly number[], sampling: Sampling): AsyncGenerator<number, void, void>;
  /** The vector of a text, and how many tokens it has. */
  embed(tokens: readonly number[]): Promise<readonly number[]>;
};

/** Loads a GGUF file, on the CPU, with one thread: what more threads add up may differ in its last bits. */
export async function loadEngine(modelFile: string): Promise<Engine> {
  const llama = await getLlama({
    gpu: false,
    build: "never",
    skipDownload: true,
    progressLogs: false,
    maxThreads: 1,
    logger: (level, message) => process.stderr.write(`llama.cpp ${level}: ${message}\n`),
  });
  const model = await llama.loadModel({ modelPath: modelFile, gpuLayers: 0, useMmap: false });
  const sha256 = createHash("sha256").update(readFileSync(modelFile)).digest("hex");
  const contextTokens = model.trainContextSize;
  const tokenize = (text: string, isTemplate = false): number[] => model.tokenize(text, isTemplate);
  return {
    fingerprint: fingerprintOf(llama, sha256),
    sha256,
    contextTokens,
    tokenCount: [...model.iterateAllTokens()].length,
    tokenize,
    tokenizeChat: (messages) => {
      const template = model.fileInfo.metadata.tokenizer.chat_template;
      if (template === undefined) throw new ApiError(400, "This model has no chat template: use /v1/completions.");
      return renderChat(template, messages).flatMap(({ text, isTemplate }) => tokenize(text, isTemplate));
    },
    detokenize: (tokens, before) => model.detokenize(tokens as Token[], false, before as Token[]),
    isEnd: (token) => model.isEogToken(token as Token),
    generate: (prompt, sampling) => generate(model, contextTokens, prompt, sampling),
    embed: (tokens) => embed(model, contextTokens, tokens),
  };
}

async function* generate(
  model: LlamaModel,
  contextTokens: number,
  prompt: readonly number[],
  { temperature, topP, seed, maxTokens }: Sampling,
): AsyncGenerator<number, void, void> {
  const limit = Math.min(maxTokens, contextTokens - prompt.length);
  if (limit < 1) return;
  // a context of its own for each answer: nothing of the ones before is left in it
  const context = await model.createContext({ contextSize: contextTokens, batchSize: contextTokens, threads: 1 });
  try {
    const options = { temperature, topP, seed, topK: 0, yieldEogToken: true };
    let count = 0;
    for await (const token of context.getSequence().evaluate(prompt as Token[], options)) {
      count += 1;
      yield token;
      if (count >= limit || model.isEogToken(token)) return;
    }
  } finally {
    await context.dispose();
  }
}

async function embed(model: LlamaModel, contextTokens: number, tokens: readonly number[]): Promise<readonly number[]> {
  const context = await model.createEmbeddingContext({
    contextSize: contextTokens,
    batchSize: contextTokens,
    threads: 1,
  });
  try {
    return (await context.getEmbeddingFor(tokens as Token[])).vector;
  } finally {
    await context.dispose();
  }
}

/** Weights, libraries, their build of llama.cpp and the number of threads: a change of each may change an answer. */
function fingerprintOf(llama: Llama, sha256: string): string {
  const { dependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const parts = { sha256, dependencies, release: llama.llamaCppRelease, threads: 1 };
  return `fp_${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16)}`;
}
