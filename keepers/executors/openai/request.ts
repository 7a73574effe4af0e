/** The request to a server that an input becomes: greedy, with the manifest's seed, the same from every node. */
import type { ModelKind, ModelManifest } from "../../models/manifest.ts";
import type { Asked } from "./input.ts";

/** Below a server's base URL. */
export const pathOf: Readonly<Record<ModelKind, string>> = {
  chat: "chat/completions",
  completion: "completions",
  embedding: "embeddings",
  image: "images/generations",
};

type Body = Readonly<Record<string, unknown>>;

export type RequestOptions = {
  /** The model's name at the server. */
  readonly servedAs: string;
  /** Most tokens of the answer. */
  readonly mostTokens: number;
};

/** `logprobs` is a flag for chats and a number for completions; one alternative is the least that servers name ids for. */
const tokenIdsOf = ({ kind, runtime: { tokenIds } }: ModelManifest): Body => {
  if (tokenIds === "return_token_ids") return { return_token_ids: true };
  if (tokenIds === "none") return {};
  return kind === "chat" ? { logprobs: true, top_logprobs: 1 } : { logprobs: 1 };
};

const textOptions = (manifest: ModelManifest, stop: readonly string[], options: RequestOptions): Body => ({
  max_tokens: options.mostTokens,
  temperature: 0,
  top_p: 1,
  n: 1,
  seed: manifest.generation.seed,
  ...(stop.length === 0 ? {} : { stop }),
  ...(manifest.runtime.stream ? { stream: true, stream_options: { include_usage: true } } : { stream: false }),
  ...tokenIdsOf(manifest),
});

/** The body of a request, as JSON. */
export const bodyOf = (asked: Asked, manifest: ModelManifest, options: RequestOptions): string => {
  const model = options.servedAs;
  const { seed, system } = manifest.generation;
  if (asked.kind === "chat") {
    const first = system === undefined ? [] : [{ role: "system", content: system }];
    const messages = [...first, ...asked.messages];
    return JSON.stringify({ model, messages, ...textOptions(manifest, asked.stop, options) });
  }
  if (asked.kind === "completion") {
    const prompt = `${system ?? ""}${asked.prompt}`;
    return JSON.stringify({ model, prompt, ...textOptions(manifest, asked.stop, options) });
  }
  if (asked.kind === "embedding") return JSON.stringify({ model, input: asked.input, encoding_format: "float" });
  const size = `${asked.width}x${asked.height}`;
  return JSON.stringify({ model, prompt: asked.prompt, n: 1, size, seed, response_format: "b64_json" });
};
