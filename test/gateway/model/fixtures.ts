import {
  ensureModel,
  isModelPackageInstalled,
  type ModelServer,
  startModelServer,
} from "../../../gateway/model/start.ts";
import { readQuestions } from "../../../gateway/model/train/questions.ts";

/** Training, where nobody has trained yet, on a machine that is busy. */
const trainingTimeoutMs = 120_000;

export const questions = readQuestions();

/** In no training set. */
export const strangeQuestion = "Who ate the last piece of the cake, and why?";

/** A prompt that the model goes on about until the context is full. */
export const endlessPrompt = "a";

/** Describes what needs the packages of the model server; skips it, and says why, where they are not. */
export function describeWithModel(title: string, tests: () => void): void {
  if (isModelPackageInstalled()) describe(title, tests);
  else describe.skip(`${title} (skipped: the packages of gateway/model are not installed)`, tests);
}

/** The path of the trained model; trains it where it is missing. */
export function trainedModel(context: Mocha.Context): Promise<string> {
  context.timeout(trainingTimeoutMs);
  return ensureModel({ progress: (line) => console.log(`      ${line}`) });
}

/** A server of the trained model that runs while the tests of this suite do. */
export function useServer(options: { queueLimit?: number } = {}): () => ModelServer {
  let server: ModelServer | undefined;
  before(async function () {
    server = await startModelServer({ modelFile: await trainedModel(this), ...options });
  });
  after(() => server?.stop());
  return () => {
    if (server === undefined) throw new Error("The server is not started.");
    return server;
  };
}

export type Fields = Readonly<Record<string, unknown>>;

export const model = "atoma-embedded";

export function post(server: ModelServer, path: string, fields: Fields, signal?: AbortSignal): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(fields),
    ...(signal === undefined ? {} : { signal }),
  });
}

type Choice = {
  readonly message: { readonly role: string; readonly content: string };
  readonly text: string;
  readonly finish_reason: string;
  readonly token_ids: readonly number[];
};

export type Completion = {
  readonly choices: readonly [Choice];
  readonly usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  readonly system_fingerprint: string;
  readonly prompt_token_ids: readonly number[];
};

const greedy = { model, temperature: 0, seed: 7, return_token_ids: true };

async function answerOf(response: Response): Promise<Completion> {
  const body: unknown = await response.json();
  if (response.status !== 200) throw new Error(`${response.status}: ${JSON.stringify(body)}`);
  return body as Completion;
}

/** The greedy answer to a chat question, with its token ids. */
export async function ask(server: ModelServer, question: string, more: Fields = {}): Promise<Completion> {
  const messages = [{ role: "user", content: question }];
  return answerOf(await post(server, "/v1/chat/completions", { ...greedy, messages, ...more }));
}

/** How the model goes on with a text or tokens. */
export async function complete(server: ModelServer, prompt: unknown, more: Fields = {}): Promise<Completion> {
  return answerOf(await post(server, "/v1/completions", { ...greedy, prompt, ...more }));
}

export type Chunk = {
  readonly choices: readonly {
    readonly delta: { readonly role?: string; readonly content: string };
    readonly finish_reason: string | null;
    readonly token_ids: readonly number[];
  }[];
  readonly usage?: Completion["usage"];
  readonly prompt_token_ids?: readonly number[];
};

/** Asks for a stream, and returns its events without `data: `. */
export async function eventsOf(server: ModelServer, question: string, more: Fields = {}): Promise<string[]> {
  const messages = [{ role: "user", content: question }];
  const response = await post(server, "/v1/chat/completions", { ...greedy, messages, stream: true, ...more });
  return (await response.text())
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.replace(/^data: /, ""));
}
