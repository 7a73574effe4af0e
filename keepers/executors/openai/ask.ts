/** Asks one server once, and turns what it answers into an outcome. Knows nothing of other servers, queues or time left. */
import type { ModelManifest } from "../../models/manifest.ts";
import { makeRedactor } from "../../runtime/redact.ts";
import { ExecutionStatus, type ExecutionLimits, type ExecutionResult } from "../executor.ts";
import { ended } from "../preconditions.ts";
import { BackendError, garbage } from "./fault.ts";
import { readAll, sendToServer, type ServerAnswer } from "./http.ts";
import { fuelOfImage, readImage } from "./image.ts";
import type { Asked } from "./input.ts";
import { conclude, concludeText, tokenHashBytes } from "./outcome.ts";
import { bodyOf, pathOf } from "./request.ts";
import { makeSseReader } from "./sse.ts";
import { gatherText, type TextGatherer } from "./text.ts";
import { readVector } from "./vector.ts";

/** A server and how to speak to it. */
export type Server = {
  /** Ends in a slash; what is asked for is below it. */
  readonly base: URL;
  /** The model's name there. */
  readonly servedAs: string;
  /** Sent as `Authorization`. */
  readonly authorization?: string | undefined;
  /** Longest silence. */
  readonly idleMs: number;
  /** Longest wait for an answer that is no stream: nothing comes before it is whole. */
  readonly wholeMs: number;
};

export type Reply = {
  readonly result: ExecutionResult;
  /** What the server says of the program behind it. */
  readonly fingerprint: string | undefined;
};

type Limits = Pick<ExecutionLimits, "fuel" | "maxOutputBytes" | "hardOutputBytes">;

/** Bounds on what a server says, beside those that follow from the request. */
const bounds = {
  eventBytes: 65_536,
  /** A token's share of an answer, with its probabilities. */
  bytesPerToken: 4_096,
  /** Token ids of a prompt, per byte of the request. */
  bytesPerPromptByte: 16,
  /** Tokens that a chat template may add. */
  templateTokens: 16_384,
  wholeBytes: 64 * 1024 * 1024,
  imageBytes: 64 * 1024 * 1024,
  vectorBytes: 4 * 1024 * 1024,
  listBytes: 4 * 1024 * 1024,
  errorBytes: 4_096,
} as const;

/** `http://host:8000` and `http://host:8000/v1` are the same server. */
export const baseOf = (url: string): URL => {
  const base = new URL(url);
  const path = base.pathname.replace(/\/+$/, "");
  base.pathname = `${path.endsWith("/v1") ? path : `${path}/v1`}/`;
  return base;
};

const urlOf = ({ base }: Server, path: string): URL => {
  const url = new URL(base);
  url.pathname += path;
  return url;
};

const maxRetryAfterMs = 30_000;

const retryAfterOf = ({ retryAfter }: ServerAnswer): number | undefined => {
  if (retryAfter === undefined || !/^\d{1,9}$/.test(retryAfter)) return undefined; // a date says as little as nothing
  return Math.min(Number(retryAfter) * 1_000, maxRetryAfterMs);
};

const faultOf = (status: number, retryAfterMs: number | undefined) => {
  if (status === 429 || (status === 503 && retryAfterMs !== undefined)) return "busy";
  if (status >= 502 && status <= 504) return "unreachable";
  if (status >= 500) return "failing";
  return status === 400 || status === 413 || status === 422 ? "refuses" : "unfit";
};

/** The start of what the server says beside an error, in one line, without the key. */
const excerptOf = async ({ body }: ServerAnswer, { authorization }: Server): Promise<string> => {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of body) {
      pieces.push(piece);
      if ((length += piece.length) >= bounds.errorBytes) break;
    }
  } catch (error) {
    if (!(error instanceof BackendError)) throw error; // the signal's reason; else as much as there is
  }
  const text = Buffer.concat(pieces)
    .toString("utf8")
    .replace(/[^\x20-\x7e]+/g, " ");
  return String(makeRedactor(secretsIn(authorization))(text))
    .trim()
    .slice(0, 200);
};

const secretsIn = (authorization: string | undefined): readonly string[] =>
  authorization === undefined ? [] : [authorization, authorization.replace(/^\S+ /, "")];

const checkStatus = async (answer: ServerAnswer, server: Server): Promise<void> => {
  const { status } = answer;
  if (status === 200) return;
  const retryAfterMs = retryAfterOf(answer);
  const said = await excerptOf(answer, server);
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  throw new BackendError(
    faultOf(status, retryAfterMs),
    said === "" ? `status ${status}` : `status ${status}: ${said}`,
    options,
  );
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw garbage("the answer is not JSON", { cause });
  }
};

const readJson = async ({ body }: ServerAnswer): Promise<unknown> => {
  const bytes = await readAll(body);
  return parseJson(new TextDecoder().decode(bytes));
};

/** Gathers a stream until it ends, or until the fuel has run out for certain: true. */
const readStream = async (
  { body, contentType }: ServerAnswer,
  gatherer: TextGatherer,
  fuel: bigint,
  sse: { maxEventBytes: number; maxEvents: number },
): Promise<boolean> => {
  if (!contentType.startsWith("text/event-stream"))
    throw garbage(`the answer is no event stream but ${JSON.stringify(contentType.slice(0, 80))}`);
  const reader = makeSseReader(sse);
  for await (const bytes of body)
    for (const data of reader.push(bytes)) {
      if (data === "[DONE]") return false;
      gatherer.take(parseJson(data));
      if (BigInt(gatherer.leastTokens()) > fuel) return true;
    }
  throw new BackendError("unreachable", "the stream ended early");
};

type Question = { readonly server: Server; readonly manifest: ModelManifest; readonly signal: AbortSignal };

type Post = { readonly json: string; readonly maxBytes: number; readonly isStream: boolean };

const post = async ({ server, manifest, signal }: Question, { json, maxBytes, isStream }: Post) => {
  const { authorization, idleMs, wholeMs } = server;
  const firstMs = isStream ? idleMs : wholeMs;
  const url = urlOf(server, pathOf[manifest.kind]);
  const answer = await sendToServer({ url, json, authorization, maxBytes, firstMs, idleMs, signal });
  await checkStatus(answer, server);
  return answer;
};

const askText = async (
  question: Question,
  asked: Extract<Asked, { kind: "chat" | "completion" }>,
  limits: Limits,
): Promise<Reply> => {
  const { manifest } = question;
  const { servedAs } = question.server;
  const { stream, tokenIds } = manifest.runtime;
  const mostTokens = limits.fuel < BigInt(asked.maxTokens) ? Number(limits.fuel) : asked.maxTokens;
  const json = bodyOf(asked, manifest, { servedAs, mostTokens });
  const gatherer = gatherText({
    tokenIds,
    servedAs,
    mostTokens,
    mostPromptTokens: Buffer.byteLength(json) + bounds.templateTokens,
    mostText: limits.hardOutputBytes - tokenHashBytes,
    mayDropIds: !stream && asked.stop.length > 0,
  });
  const promptBytes = bounds.eventBytes + bounds.bytesPerPromptByte * (Buffer.byteLength(json) + bounds.templateTokens);
  const mostBytes = promptBytes + bounds.bytesPerToken * mostTokens;
  const maxBytes = stream ? mostBytes : Math.min(mostBytes, bounds.wholeBytes); // a stream is never in memory whole
  const answer = await post(question, { json, maxBytes, isStream: stream });
  if (stream) {
    const sse = { maxEventBytes: promptBytes, maxEvents: 4 * mostTokens + 1_024 };
    const isSpent = await readStream(answer, gatherer, limits.fuel, sse);
    if (isSpent) return { result: ended(ExecutionStatus.OutOfFuel, limits.fuel), fingerprint: gatherer.identify() };
  } else gatherer.take(await readJson(answer));
  const gathered = gatherer.finish();
  return { result: concludeText(gathered, limits), fingerprint: gathered.fingerprint };
};

const askVector = async (question: Question, asked: Asked, limits: Limits): Promise<Reply> => {
  const { manifest } = question;
  const { servedAs } = question.server;
  const json = bodyOf(asked, manifest, { servedAs, mostTokens: 0 });
  const value = await readJson(await post(question, { json, maxBytes: bounds.vectorBytes, isStream: false }));
  const mostPromptTokens = Buffer.byteLength(json) + bounds.templateTokens;
  const { dimensions } = manifest.generation;
  const { vector, promptTokens } = readVector(value, { servedAs, mostPromptTokens, dimensions });
  return { result: conclude(promptTokens, vector, limits), fingerprint: undefined };
};

const askImage = async (
  question: Question,
  asked: Extract<Asked, { kind: "image" }>,
  limits: Limits,
): Promise<Reply> => {
  const { servedAs } = question.server;
  const fuel = fuelOfImage(asked);
  const json = bodyOf(asked, question.manifest, { servedAs, mostTokens: 0 });
  const value = await readJson(await post(question, { json, maxBytes: bounds.imageBytes, isStream: false }));
  return { result: conclude(fuel, readImage(value, servedAs), limits), fingerprint: undefined };
};

/** Asks. Rejects with BackendError, or with the reason of the signal. */
export const askServer = (question: Question, asked: Asked, limits: Limits): Promise<Reply> => {
  if (asked.kind === "image") return askImage(question, asked, limits);
  return asked.kind === "embedding" ? askVector(question, asked, limits) : askText(question, asked, limits);
};

/** Names of the models that a server has. Rejects like `askServer`. */
export const listModels = async (server: Server, signal: AbortSignal): Promise<readonly string[]> => {
  const { authorization, idleMs } = server;
  const url = urlOf(server, "models");
  const answer = await sendToServer({
    url,
    authorization,
    maxBytes: bounds.listBytes,
    firstMs: idleMs,
    idleMs,
    signal,
  });
  await checkStatus(answer, server);
  const value = await readJson(answer);
  const data: unknown = typeof value === "object" && value !== null && "data" in value ? value.data : undefined;
  if (!Array.isArray(data)) throw garbage("the list of models is none");
  return data.flatMap((entry: unknown) =>
    typeof entry === "object" && entry !== null && "id" in entry && typeof entry.id === "string" ? [entry.id] : [],
  );
};
