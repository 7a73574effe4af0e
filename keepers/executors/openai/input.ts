/**
 * A model's input, read in the same way by every node: what is refused here is `BadInput` everywhere. Nothing in this file
 * may depend on a server, a library's mood or this machine.
 */
import type { ModelManifest } from "../../models/manifest.ts";

export const roles = ["system", "user", "assistant"] as const;
export type Message = { readonly role: (typeof roles)[number]; readonly content: string };

/** What a requester asks of a model. */
export type Asked =
  | (Generation & { readonly kind: "chat"; readonly messages: readonly Message[] })
  | (Generation & { readonly kind: "completion"; readonly prompt: string })
  | { readonly kind: "embedding"; readonly input: string }
  | { readonly kind: "image"; readonly prompt: string; readonly width: number; readonly height: number };

type Generation = {
  /** Most tokens of the answer, at most the manifest's. */
  readonly maxTokens: number;
  /** Those of the manifest and those that were asked for. */
  readonly stop: readonly string[];
};

/** Bounds of inputs; see docs/serve-a-model.md. */
export const inputBounds = {
  /** Where the manifest does not say. */
  bytes: 1_048_576,
  messages: 256,
  stops: 4,
  stopLength: 64,
  side: { least: 16, most: 4_096, usual: 1_024 },
} as const;

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const hasOnly = (fields: Fields, names: readonly string[]): boolean =>
  Object.keys(fields).every((name) => names.includes(name));
/** JSON can write halves of surrogate pairs, which no UTF-8 can carry to a server. */
const isText = (value: unknown): value is string => typeof value === "string" && value.isWellFormed();
const isPrompt = (value: unknown): value is string => isText(value) && value !== "";

const isMessage = (value: unknown): value is Message =>
  isFields(value) &&
  hasOnly(value, ["role", "content"]) &&
  roles.some((role) => role === value["role"]) &&
  isText(value["content"]);

const isStop = (value: unknown): value is string => isPrompt(value) && value.length <= inputBounds.stopLength;

/** How long the answer may be and where it stops; more tokens than the manifest allows are those that it allows. */
const generationOf = ({ max_tokens: asked, stop = [] }: Fields, { generation }: ModelManifest) => {
  if (asked !== undefined && !(typeof asked === "number" && Number.isSafeInteger(asked) && asked >= 1))
    return undefined;
  if (!Array.isArray(stop) || !stop.every(isStop)) return undefined;
  const all = [...(generation.stop ?? []), ...stop];
  if (all.length > inputBounds.stops) return undefined;
  return { maxTokens: Math.min(asked ?? generation.maxTokens, generation.maxTokens), stop: all };
};

const readChat = (fields: Fields, manifest: ModelManifest): Asked | undefined => {
  const { messages } = fields;
  const generation = generationOf(fields, manifest);
  if (!hasOnly(fields, ["messages", "max_tokens", "stop"]) || generation === undefined) return undefined;
  if (!Array.isArray(messages) || messages.length < 1 || messages.length > inputBounds.messages) return undefined;
  return messages.every(isMessage) ? { kind: "chat", messages, ...generation } : undefined;
};

const readCompletion = (fields: Fields, manifest: ModelManifest): Asked | undefined => {
  const { prompt } = fields;
  const generation = generationOf(fields, manifest);
  if (!hasOnly(fields, ["prompt", "max_tokens", "stop"]) || generation === undefined) return undefined;
  return isPrompt(prompt) ? { kind: "completion", prompt, ...generation } : undefined;
};

const readEmbedding = (fields: Fields): Asked | undefined =>
  hasOnly(fields, ["input"]) && isPrompt(fields["input"]) ? { kind: "embedding", input: fields["input"] } : undefined;

const readImage = ({ prompt, size = `${inputBounds.side.usual}x${inputBounds.side.usual}`, ...rest }: Fields) => {
  const { least, most } = inputBounds.side;
  const sides = typeof size === "string" ? /^([1-9]\d{1,3})x([1-9]\d{1,3})$/.exec(size) : null;
  if (sides === null || Object.keys(rest).length > 0 || !isPrompt(prompt)) return undefined;
  const [width, height] = [Number(sides[1]), Number(sides[2])];
  if (Math.min(width, height) < least || Math.max(width, height) > most) return undefined;
  return { kind: "image", prompt, width, height } satisfies Asked;
};

const readFields = (fields: Fields, manifest: ModelManifest): Asked | undefined => {
  if (manifest.kind === "chat") return readChat(fields, manifest);
  if (manifest.kind === "completion") return readCompletion(fields, manifest);
  return manifest.kind === "embedding" ? readEmbedding(fields) : readImage(fields);
};

const fieldsOfText = (text: string, { kind }: ModelManifest): Fields => {
  if (kind === "chat") return { messages: [{ role: "user", content: text }] };
  return kind === "embedding" ? { input: text } : { prompt: text };
};

/** Undefined where `read` refuses with this error. Any other is a fault of this machine, and no outcome. */
const unless = <T>(refusal: typeof TypeError | typeof SyntaxError, read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof refusal) return undefined;
    throw error;
  }
};

/** What an input asks for; undefined where it is refused. */
export const readInput = (input: Uint8Array, manifest: ModelManifest): Asked | undefined => {
  if (input.length === 0 || input.length > (manifest.generation.maxInputBytes ?? inputBounds.bytes)) return undefined;
  const text = unless(TypeError, () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(input));
  if (text === undefined) return undefined;
  if (!text.startsWith("{")) return readFields(fieldsOfText(text, manifest), manifest);
  const value = unless(SyntaxError, (): unknown => JSON.parse(text));
  return isFields(value) ? readFields(value, manifest) : undefined;
};
