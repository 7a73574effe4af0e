/** Gathers the text, the token ids and the counts of an answer, whole or in pieces, and refuses what makes no sense. */
import { z } from "zod";
import type { ModelManifest } from "../../models/manifest.ts";
import { BackendError, garbage } from "./fault.ts";

const tokenId = z.int().min(0).max(4_294_967_295);
const ids = z.array(tokenId).nullish();
const content = z.string().nullish();

const choice = z.object({
  index: z.literal(0).optional(),
  delta: z.object({ content }).nullish(),
  message: z.object({ content }).nullish(),
  text: content,
  finish_reason: z.string().nullish(),
  token_ids: ids,
  prompt_token_ids: ids,
  logprobs: z.object({ content: z.array(z.object({ id: tokenId.optional() })).nullish() }).nullish(),
});

const count = z.int().min(0).max(4_294_967_295);
const piece = z.object({
  model: z.string().nullish(),
  system_fingerprint: z.string().max(512).nullish(),
  prompt_token_ids: ids,
  choices: z.array(choice).max(1),
  usage: z.object({ prompt_tokens: count, completion_tokens: count.optional() }).nullish(),
});
type Piece = z.output<typeof piece>;
type Choice = Piece["choices"][number];

export type TextAnswer = {
  /** Undefined where it is certainly longer than it may be. */
  readonly text: string | undefined;
  readonly ids: readonly number[];
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly fingerprint: string | undefined;
};

export type TextRules = {
  readonly tokenIds: ModelManifest["runtime"]["tokenIds"];
  readonly servedAs: string;
  /** What the server was asked for. */
  readonly mostTokens: number;
  /** More tokens than any tokenizer and template make of the request. */
  readonly mostPromptTokens: number;
  /** Longest text that is kept, UTF-16 code units. */
  readonly mostText: number;
  /** An honest server may have told no id: llama.cpp, whole, leaves out the last ones at a stop text. */
  readonly mayDropIds: boolean;
};

export type TextGatherer = {
  /** Takes one piece of a stream, or a whole answer. Throws BackendError. */
  take(value: unknown): void;
  /** Tokens that were used for certain. */
  leastTokens(): number;
  /** The fingerprint so far, of an answer that is not read to its end. Throws BackendError where it does not name its model. */
  identify(): string | undefined;
  /** Throws BackendError where the answer is not whole. */
  finish(): TextAnswer;
};

/** Refuses an answer that says that another model gave it. */
export const checkModel = (model: string | null | undefined, servedAs: string): boolean => {
  if (model === null || model === undefined) return false;
  if (model === servedAs) return true;
  throw new BackendError("otherModel", `the answer is of the model ${JSON.stringify(model.slice(0, 100))}`);
};

const parsePiece = (value: unknown): Piece => {
  const parsed = piece.safeParse(value);
  if (parsed.success) return parsed.data;
  if (typeof value === "object" && value !== null && "error" in value)
    throw new BackendError("failing", `the answer is an error: ${JSON.stringify(value.error).slice(0, 200)}`);
  const [issue] = parsed.error.issues;
  throw garbage(`the answer is not of the expected form: ${issue?.path.join(".")} ${issue?.message}`.slice(0, 300));
};

const idsOfChoice = ({ token_ids, logprobs }: Choice, how: TextRules["tokenIds"]): readonly number[] => {
  if (how === "return_token_ids") return token_ids ?? [];
  if (how === "none") return [];
  return (logprobs?.content ?? []).map(({ id }) => {
    if (id === undefined)
      throw garbage("the answer's logprobs have no token ids: runtime.tokenIds of the manifest differs");
    return id;
  });
};

type Gathered = {
  readonly parts: string[];
  textLength: number;
  readonly ids: number[];
  promptIds: number | undefined;
  usage: { readonly prompt: number; readonly completion: number | undefined } | undefined;
  finish: string | undefined;
  isNamed: boolean;
  fingerprint: string | undefined;
};

/** Counts of tokens, by ids where there are any. Throws where the server's own counts differ from what it gave. */
const countsOf = (
  { ids: given, promptIds, usage }: Gathered,
  { tokenIds, mostTokens, mostPromptTokens }: TextRules,
) => {
  if (usage === undefined) throw garbage("the answer does not tell its usage");
  const prompt = promptIds ?? usage.prompt;
  const completion = usage.completion ?? 0;
  if (tokenIds === "return_token_ids") {
    if (promptIds === undefined)
      throw garbage("the answer has no prompt_token_ids: runtime.tokenIds of the manifest differs");
    if (promptIds !== usage.prompt || given.length !== completion)
      throw garbage(`the usage ${usage.prompt} + ${completion} differs from ${promptIds} + ${given.length} token ids`);
  }
  if (prompt < 1 || prompt > mostPromptTokens) throw garbage(`the prompt cannot have ${prompt} tokens`);
  if (completion > mostTokens) throw garbage(`the answer has ${completion} tokens, more than ${mostTokens}`);
  if (given.length > completion)
    throw garbage(`the answer has ${given.length} token ids, its usage says ${completion}`);
  return { prompt, completion };
};

/** Text without any token id: a hash of nothing would commit to nothing. */
const checkIds = ({ ids: given, textLength }: Gathered, { tokenIds, mayDropIds }: TextRules): void => {
  if (tokenIds !== "logprobs" || given.length > 0 || textLength === 0) return;
  if (mayDropIds) throw new BackendError("refuses", "the server tells no token id of an answer that a stop text ended");
  throw garbage("the answer has text and no token ids: runtime.tokenIds of the manifest differs");
};

/** `length` with fewer tokens than asked for: a limit of the server, which another node's server may not have. */
const checkFinish = (finish: string | undefined, completion: number, mostTokens: number): void => {
  if (finish === undefined) throw new BackendError("unreachable", "the answer ended early");
  if (finish !== "stop" && finish !== "length")
    throw garbage(`the answer ended for ${JSON.stringify(finish).slice(0, 50)}`);
  if (finish === "length" && completion < mostTokens)
    throw new BackendError(
      "refuses",
      `the server cut the answer after ${completion} of ${mostTokens} tokens: its context is full`,
    );
};

/** Makes a gatherer for one answer. */
export const gatherText = (rules: TextRules): TextGatherer => {
  const all: Gathered = {
    parts: [],
    textLength: 0,
    ids: [],
    promptIds: undefined,
    usage: undefined,
    finish: undefined,
    isNamed: false,
    fingerprint: undefined,
  };

  const takeChoice = (one: Choice): void => {
    const text = one.delta?.content ?? one.message?.content ?? one.text ?? "";
    const given = idsOfChoice(one, rules.tokenIds);
    if (all.finish !== undefined && (text !== "" || given.length > 0 || typeof one.finish_reason === "string"))
      throw garbage("the answer goes on after its end");
    all.textLength += text.length;
    if (all.textLength > rules.mostText) all.parts.length = 0;
    else all.parts.push(text);
    if (all.ids.length + given.length > rules.mostTokens)
      throw garbage(`the answer has more than ${rules.mostTokens} tokens`);
    for (const id of given) all.ids.push(id);
    all.finish = one.finish_reason ?? all.finish;
  };

  const takePromptIds = (given: readonly number[] | null | undefined): void => {
    if (given === null || given === undefined || rules.tokenIds !== "return_token_ids") return;
    if (all.promptIds !== undefined && all.promptIds !== given.length) throw garbage("the prompt's tokens change");
    all.promptIds = given.length;
  };

  const identify = (): string | undefined => {
    if (!all.isNamed) throw garbage("the answer does not name its model");
    return all.fingerprint;
  };

  return {
    take: (value) => {
      const { model, system_fingerprint, prompt_token_ids, choices, usage } = parsePiece(value);
      all.isNamed = checkModel(model, rules.servedAs) || all.isNamed;
      const fingerprint = system_fingerprint ?? undefined;
      if (fingerprint !== undefined && all.fingerprint !== undefined && fingerprint !== all.fingerprint)
        throw new BackendError("changed", "the server's fingerprint changes within an answer");
      all.fingerprint = fingerprint ?? all.fingerprint;
      takePromptIds(prompt_token_ids ?? choices[0]?.prompt_token_ids);
      for (const one of choices) takeChoice(one);
      if (usage !== null && usage !== undefined)
        all.usage = { prompt: usage.prompt_tokens, completion: usage.completion_tokens };
    },
    leastTokens: () => (all.promptIds ?? 1) + all.ids.length,
    identify,
    finish: () => {
      const fingerprint = identify();
      if (all.finish === undefined) checkFinish(undefined, 0, rules.mostTokens);
      const { prompt, completion } = countsOf(all, rules);
      checkFinish(all.finish, completion, rules.mostTokens);
      checkIds(all, rules);
      const text = all.textLength > rules.mostText ? undefined : all.parts.join("");
      if (text !== undefined && !text.isWellFormed()) throw garbage("the text has half of a surrogate pair");
      const completionTokens = rules.tokenIds === "logprobs" ? all.ids.length : completion;
      return { text, ids: all.ids, promptTokens: prompt, completionTokens, fingerprint };
    },
  };
};
