import { completionAnswers, embeddingBody, type Piece } from "./answers.ts";
import type { Engine } from "./engine.ts";
import { ApiError } from "./errors.ts";
import type { Queue } from "./queue.ts";
import { parseChat, parseCompletion, parseEmbedding, type Settings } from "./requests.ts";
import { makeTextStream } from "./text.ts";

/** What a request is answered with: one body, or bodies that are written one after the other. */
export type Answer = { readonly body: object } | { readonly stream: (write: (body: object) => void) => Promise<void> };

/** Answers a request whose body is the given JSON. Throws an `ApiError` where it is not answered as asked. */
export type Route = (body: unknown, signal: AbortSignal) => Promise<Answer>;

/** `name` is the model's, by which requests ask for it. */
export type Deps = { readonly engine: Engine; readonly queue: Queue; readonly name: string };

type Job = Deps & { readonly prompt: readonly number[]; readonly settings: Settings; readonly signal: AbortSignal };

/** The routes by method and path. */
export function makeRoutes(deps: Deps): ReadonlyMap<string, Route> {
  const { engine, name } = deps;
  const model = { id: name, object: "model", created: 0, owned_by: "atoma", max_model_len: engine.contextTokens };
  return new Map<string, Route>([
    ["GET /health", () => Promise.resolve({ body: { status: "ok" } })],
    ["GET /v1/models", () => Promise.resolve({ body: { object: "list", data: [model] } })],
    [
      "POST /v1/chat/completions",
      (body, signal) => {
        const settings = parseChat(body);
        checkModel(name, settings.model);
        return complete("chat", { ...deps, prompt: engine.tokenizeChat(settings.messages), settings, signal });
      },
    ],
    [
      "POST /v1/completions",
      (body, signal) => {
        const settings = parseCompletion(body);
        checkModel(name, settings.model);
        const prompt = typeof settings.prompt === "string" ? engine.tokenize(settings.prompt) : settings.prompt;
        return complete("completion", { ...deps, prompt, settings, signal });
      },
    ],
    ["POST /v1/embeddings", async (body, signal) => ({ body: await embed(deps, body, signal) })],
  ]);
}

async function complete(kind: "chat" | "completion", job: Job): Promise<Answer> {
  const { engine, name, prompt, settings } = job;
  checkPrompt(engine, prompt);
  const answers = completionAnswers({
    kind,
    model: name,
    fingerprint: engine.fingerprint,
    promptTokenIds: settings.returnsTokenIds ? prompt : undefined,
  });
  if (!settings.isStream) return { body: answers.whole(await runPieces(job), prompt.length) };
  const stream = async (write: (body: object) => void): Promise<void> => {
    let isFirst = true;
    const pieces = await runPieces(job, (piece) => {
      if (piece.text === "" && piece.finishReason === null && !settings.returnsTokenIds) return;
      write(answers.chunk(piece, isFirst));
      isFirst = false;
    });
    if (settings.includesUsage) write(answers.usageChunk(pieces, prompt.length));
  };
  return { stream };
}

/** Generates an answer when its turn has come, and calls back for each piece. */
function runPieces(job: Job, onPiece: (piece: Piece) => void = () => undefined): Promise<readonly Piece[]> {
  return job.queue.run(async () => {
    const pieces: Piece[] = [];
    for await (const piece of generatePieces(job)) {
      job.signal.throwIfAborted();
      pieces.push(piece);
      onPiece(piece);
    }
    return pieces;
  }, job.signal);
}

/** A piece for each token; the last one says why the answer ends. */
async function* generatePieces({ engine, prompt, settings }: Job): AsyncGenerator<Piece, void, void> {
  const limit = Math.min(settings.maxTokens ?? Infinity, engine.contextTokens - prompt.length);
  const text = makeTextStream(engine.detokenize, settings.stops);
  let count = 0;
  for await (const token of engine.generate(prompt, { ...settings, maxTokens: limit })) {
    count += 1;
    const tokenIds = [token];
    if (engine.isEnd(token)) return yield { text: text.end(), tokenIds, finishReason: "stop" };
    const next = text.push(token);
    if (next.isStopped) return yield { text: next.text, tokenIds, finishReason: "stop" };
    if (count >= limit) return yield { text: next.text + text.end(), tokenIds, finishReason: "length" };
    yield { text: next.text, tokenIds, finishReason: null };
  }
}

async function embed({ engine, queue, name }: Deps, body: unknown, signal: AbortSignal): Promise<object> {
  const { model, input, isBase64 } = parseEmbedding(body);
  checkModel(name, model);
  const tokens = input.map((text) => engine.tokenize(text));
  tokens.forEach((one) => checkPrompt(engine, one));
  const vectors = await queue.run(async () => {
    const done: (readonly number[])[] = [];
    for (const one of tokens) {
      signal.throwIfAborted();
      done.push(await engine.embed(one));
    }
    return done;
  }, signal);
  return embeddingBody(name, vectors, isBase64, tokens.flat().length);
}

function checkModel(name: string, asked: string): void {
  if (asked === name) return;
  const message = `There is no model ${JSON.stringify(asked.slice(0, 64))} here; this server has ${JSON.stringify(name)}.`;
  throw new ApiError(404, message, { code: "model_not_found", param: "model" });
}

function checkPrompt({ contextTokens, tokenCount }: Engine, prompt: readonly number[]): void {
  if (!prompt.every((token) => token < tokenCount))
    throw new ApiError(400, `Token ids must be below ${tokenCount}.`, { param: "prompt" });
  if (prompt.length < contextTokens) return;
  const message = `The prompt has ${prompt.length} tokens; prompt and answer together have room for ${contextTokens}.`;
  throw new ApiError(400, message, { code: "context_length_exceeded" });
}
