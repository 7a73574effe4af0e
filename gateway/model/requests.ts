// What may be asked. Fields that would change the answer in a way this server does not know are refused, not ignored.
import { ApiError } from "./errors.ts";

export type Message = { readonly role: string; readonly content: string };

export type Settings = {
  readonly model: string;
  /** Undefined: as many as the context has room for. */
  readonly maxTokens: number | undefined;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  readonly stops: readonly string[];
  readonly isStream: boolean;
  readonly includesUsage: boolean;
  readonly returnsTokenIds: boolean;
};

export type ChatRequest = Settings & { readonly messages: readonly Message[] };
export type CompletionRequest = Settings & { readonly prompt: string | readonly number[] };
export type EmbeddingRequest = {
  readonly model: string;
  readonly input: readonly string[];
  readonly isBase64: boolean;
};

type Fields = Readonly<Record<string, unknown>>;

const maxMessages = 256;
const maxStops = 4;
const maxStopCharacters = 256;
const maxInputs = 64;
const roles: readonly unknown[] = ["system", "user", "assistant"];

const refuse = (param: string, message: string): never => {
  throw new ApiError(400, message, { param });
};

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function parseChat(body: unknown): ChatRequest {
  const fields = fieldsOf(body);
  refuseUnknownWishes(fields, { tools: [], functions: [], logprobs: false, top_logprobs: 0, modalities: ["text"] });
  const format = fields["response_format"];
  if (isPresent(format) && !(isFields(format) && format["type"] === "text"))
    refuse("response_format", "This server answers as text: leave response_format out.");
  const { messages } = fields;
  if (!Array.isArray(messages) || messages.length === 0 || messages.length > maxMessages)
    return refuse("messages", `messages must be an array of 1 to ${maxMessages} messages.`);
  return { ...settingsOf(fields), messages: messages.map(parseMessage) };
}

function parseMessage(message: unknown, i: number): Message {
  const param = `messages[${i}]`;
  if (!isFields(message)) return refuse(param, `${param} must be an object with role and content.`);
  const role = message["role"] === "developer" ? "system" : message["role"];
  if (typeof role !== "string" || !roles.includes(role))
    return refuse(`${param}.role`, `${param}.role must be system, developer, user or assistant.`);
  const { content } = message;
  if (typeof content === "string") return { role, content };
  const parts: readonly unknown[] = Array.isArray(content) && content.length <= maxMessages ? content : [undefined];
  const texts = parts.map((part) => (isFields(part) && part["type"] === "text" ? part["text"] : undefined));
  if (!texts.every((text) => typeof text === "string"))
    return refuse(`${param}.content`, `${param}.content must be a string, or an array of parts of the type text.`);
  return { role, content: texts.join("") };
}

export function parseCompletion(body: unknown): CompletionRequest {
  const fields = fieldsOf(body);
  refuseUnknownWishes(fields, { echo: false, suffix: "", best_of: 1, logprobs: undefined });
  const { prompt } = fields;
  const one: unknown = Array.isArray(prompt) && prompt.length === 1 && !isTokenId(prompt[0]) ? prompt[0] : prompt;
  const isTokens = Array.isArray(one) && one.length > 0 && one.every(isTokenId);
  if (typeof one !== "string" && !isTokens)
    return refuse("prompt", "prompt must be one string, or one array of token ids.");
  if (one === "") return refuse("prompt", "prompt must not be empty.");
  return { ...settingsOf(fields), prompt: one };
}

const isTokenId = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

export function parseEmbedding(body: unknown): EmbeddingRequest {
  const fields = fieldsOf(body);
  const input: readonly unknown[] = Array.isArray(fields["input"]) ? fields["input"] : [fields["input"]];
  const isText = (text: unknown): text is string => typeof text === "string" && text !== "";
  if (input.length === 0 || input.length > maxInputs || !input.every(isText))
    return refuse("input", `input must be a text that is not empty, or 1 to ${maxInputs} of them.`);
  const format = fields["encoding_format"] ?? "float";
  if (format !== "float" && format !== "base64") return refuse("encoding_format", "encoding_format: float or base64.");
  if (isPresent(fields["dimensions"])) refuse("dimensions", "dimensions cannot be chosen: leave it out.");
  return { model: modelOf(fields), input, isBase64: format === "base64" };
}

function fieldsOf(body: unknown): Fields {
  if (!isFields(body)) throw new ApiError(400, "The body must be a JSON object.");
  return body;
}

function modelOf(fields: Fields): string {
  const { model } = fields;
  if (typeof model !== "string" || model === "") return refuse("model", "model must name a model: see /v1/models.");
  return model;
}

function settingsOf(fields: Fields): Settings {
  refuseUnknownWishes(fields, { n: 1, frequency_penalty: 0, presence_penalty: 0, logit_bias: {} });
  const options = fields["stream_options"];
  if (isPresent(options) && !isFields(options)) refuse("stream_options", "stream_options must be an object.");
  return {
    model: modelOf(fields),
    maxTokens: maxTokensOf(fields),
    temperature: numberOf(fields, "temperature", 0, 2) ?? 1,
    topP: numberOf(fields, "top_p", 0, 1) ?? 1,
    seed: numberOf(fields, "seed", 0, 0xffff_ffff, true) ?? 0,
    stops: stopsOf(fields),
    isStream: flagOf(fields, "stream"),
    includesUsage: isFields(options) && flagOf(options, "include_usage"),
    returnsTokenIds: flagOf(fields, "return_token_ids"),
  };
}

function maxTokensOf(fields: Fields): number | undefined {
  const limit = (name: string) => numberOf(fields, name, 1, 1_000_000, true);
  return limit("max_completion_tokens") ?? limit("max_tokens");
}

function stopsOf(fields: Fields): string[] {
  const stop = fields["stop"];
  if (!isPresent(stop)) return [];
  const stops: readonly unknown[] = Array.isArray(stop) ? stop : [stop];
  const isStop = (text: unknown): text is string =>
    typeof text === "string" && text !== "" && text.length <= maxStopCharacters;
  if (stops.length > maxStops || !stops.every(isStop))
    return refuse("stop", `stop must be up to ${maxStops} texts of 1 to ${maxStopCharacters} characters.`);
  return [...stops];
}

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

function flagOf(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== "boolean") return refuse(name, `${name} must be true or false.`);
  return value;
}

function numberOf(fields: Fields, name: string, low: number, high: number, isWhole = false): number | undefined {
  const value = fields[name];
  if (!isPresent(value)) return undefined;
  if (typeof value !== "number" || !(value >= low && value <= high) || (isWhole && !Number.isInteger(value)))
    return refuse(name, `${name} must be a ${isWhole ? "whole " : ""}number from ${low} to ${high}.`);
  return value;
}

/** Refuses each field that has another value than the one that changes nothing. */
function refuseUnknownWishes(fields: Fields, neutral: Fields): void {
  for (const [name, value] of Object.entries(neutral))
    if (isPresent(fields[name]) && JSON.stringify(fields[name]) !== JSON.stringify(value))
      refuse(name, `This server does not know ${name}: leave it out.`);
}
