// The bodies of answers, as OpenAI's API has them, with the token ids that vLLM adds where `return_token_ids` asks.
import { randomUUID } from "node:crypto";

/** A piece of an answer. `finishReason` null: more follows. `tokenIds` has also the token that ends an answer. */
export type Piece = {
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly finishReason: "stop" | "length" | null;
};

type Head = {
  readonly kind: "chat" | "completion";
  readonly model: string;
  readonly fingerprint: string;
  /** Undefined where token ids are not asked for. */
  readonly promptTokenIds: readonly number[] | undefined;
};

/** Writes the bodies that answer one request: they share id and time. */
export function completionAnswers({ kind, model, fingerprint, promptTokenIds }: Head) {
  const isChat = kind === "chat";
  const id = `${isChat ? "chatcmpl" : "cmpl"}-${randomUUID()}`;
  const common = { created: Math.floor(Date.now() / 1000), model, system_fingerprint: fingerprint };
  const wholeHead = { id, object: isChat ? "chat.completion" : "text_completion", ...common };
  const chunkHead = { id, object: isChat ? "chat.completion.chunk" : "text_completion", ...common };
  // vLLM has the ids of a chat's prompt in the body, and those of a completion's in the choice
  const promptIds = promptTokenIds === undefined ? {} : { prompt_token_ids: promptTokenIds };
  const [inBody, inChoice] = isChat ? [promptIds, {}] : [{}, promptIds];
  const choice = (content: object, { tokenIds, finishReason }: Piece): object => ({
    index: 0,
    ...content,
    logprobs: null,
    finish_reason: finishReason,
    ...(promptTokenIds === undefined ? {} : { token_ids: tokenIds }),
  });

  return {
    whole: (pieces: readonly Piece[], promptTokens: number): object => {
      const text = pieces.map((piece) => piece.text).join("");
      const tokenIds = pieces.flatMap((piece) => piece.tokenIds);
      const content = isChat ? { message: { role: "assistant", content: text, refusal: null } } : { text };
      const choices = [choice({ ...content, ...inChoice }, { text, tokenIds, finishReason: reasonOf(pieces) })];
      return { ...wholeHead, choices, usage: usageOf(pieces, promptTokens), ...inBody };
    },
    /** A chunk of a stream; the first one has the role and the ids of the prompt. */
    chunk: (piece: Piece, isFirst: boolean): object => {
      const delta = { ...(isFirst ? { role: "assistant" } : {}), content: piece.text };
      const content = isChat ? { delta } : { text: piece.text, ...(isFirst ? inChoice : {}) };
      return { ...chunkHead, choices: [choice(content, piece)], ...(isFirst ? inBody : {}) };
    },
    usageChunk: (pieces: readonly Piece[], promptTokens: number): object => ({
      ...chunkHead,
      choices: [],
      usage: usageOf(pieces, promptTokens),
    }),
  };
}

const reasonOf = (pieces: readonly Piece[]): "stop" | "length" => pieces.at(-1)?.finishReason ?? "length";

function usageOf(pieces: readonly Piece[], promptTokens: number): object {
  const completionTokens = pieces.reduce((sum, piece) => sum + piece.tokenIds.length, 0);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** The body that answers a request for embeddings; `tokens`: how many the inputs had together. */
export function embeddingBody(
  model: string,
  vectors: readonly (readonly number[])[],
  isBase64: boolean,
  tokens: number,
): object {
  const write = (vector: readonly number[]): unknown =>
    isBase64 ? Buffer.from(Float32Array.from(vector).buffer).toString("base64") : vector;
  return {
    object: "list",
    data: vectors.map((vector, index) => ({ object: "embedding", index, embedding: write(vector) })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
