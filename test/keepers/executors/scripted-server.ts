/** A model server whose answers a test writes down, for what no honest server does. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the server does with one request. */
export type Script = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent one after the other. */
  readonly pieces?: readonly (string | Uint8Array)[];
  /** Between pieces. */
  readonly pauseMs?: number;
  /** What comes after the last piece: the end, a cut connection, nothing for ever, or the last piece again and again. */
  readonly then?: "end" | "cut" | "hang" | "repeat";
};

export type Asked = {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
};

export type ScriptedServer = {
  readonly url: string;
  readonly asked: Asked[];
  /** Requests whose client went away before their end. */
  abandoned: number;
  /** Most requests, other than for the list of models, at the same time. */
  mostAtOnce: number;
  answer: (asked: Asked) => Script;
  close(): Promise<void>;
};

const json = { "content-type": "application/json" };
const events = { "content-type": "text/event-stream; charset=utf-8" };

/** A whole answer in JSON. */
export const whole = (value: unknown): Script => ({ headers: json, pieces: [JSON.stringify(value)] });

/** A stream of events, each JSON or text, and its end. */
export const stream = (values: readonly unknown[], changes: Partial<Script> = {}): Script => ({
  headers: events,
  pieces: values.map((value) => `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`),
  ...changes,
});

export type Answer = {
  readonly text?: string;
  readonly ids?: readonly number[];
  readonly promptIds?: readonly number[];
  readonly model?: string;
  readonly finish?: string;
  readonly fingerprint?: string;
  readonly usage?: unknown;
};

/** The events of an honest chat: each character is a token. */
export const chatEvents = (answer: Answer = {}): readonly unknown[] => {
  const { text = "Yes.", model = "test", promptIds = [1, 2, 3], finish = "stop", fingerprint } = answer;
  const ids = answer.ids ?? [...text].map((character) => character.codePointAt(0) ?? 0);
  const usage = answer.usage ?? { prompt_tokens: promptIds.length, completion_tokens: ids.length };
  const base = { model, ...(fingerprint === undefined ? {} : { system_fingerprint: fingerprint }) };
  const choice = (rest: object) => ({ index: 0, finish_reason: null, ...rest });
  const characters = [...text];
  return [
    { ...base, choices: [choice({ delta: { role: "assistant", content: "" } })], prompt_token_ids: promptIds },
    ...ids.map((id, i) => ({
      ...base,
      choices: [choice({ delta: { content: characters[i] ?? "" }, token_ids: [id] })],
    })),
    { ...base, choices: [choice({ delta: {}, finish_reason: finish })] },
    { ...base, choices: [], usage },
  ];
};

/** An honest chat. */
export const chat = (answer: Answer = {}): Script => stream([...chatEvents(answer), "[DONE]"]);

const play = async (response: ServerResponse, script: Script): Promise<void> => {
  const { status = 200, headers = json, pieces = [], pauseMs = 0, then = "end" } = script;
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  response.writeHead(status, headers);
  response.flushHeaders();
  for (const piece of pieces) {
    if (response.destroyed) return;
    response.write(piece);
    if (pauseMs > 0) await pause(pauseMs);
  }
  const last = pieces.at(-1) ?? "";
  while (then === "repeat" && !response.destroyed) if (!response.write(last)) await pause(1);
  if (then === "end") response.end();
  if (then === "cut") setTimeout(() => response.destroy(), 10);
};

const readBody = async (message: IncomingMessage): Promise<Asked["body"]> => {
  const pieces: Buffer[] = [];
  for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
  const text = Buffer.concat(pieces).toString("utf8");
  return text === "" ? {} : (JSON.parse(text) as Asked["body"]);
};

/** Starts a server on a free port. It lists the model `test` and answers chats with "Yes." until told otherwise. */
export const startScriptedServer = async (): Promise<ScriptedServer> => {
  let current = 0;
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const isList = incoming.url?.endsWith("/models") === true;
    if (!isList) scripted.mostAtOnce = Math.max(scripted.mostAtOnce, ++current);
    response.on("close", () => {
      if (!isList) current -= 1;
      if (!response.writableEnded) scripted.abandoned += 1;
    });
    const { authorization } = incoming.headers;
    const asked = { path: incoming.url ?? "", authorization, body: await readBody(incoming) };
    scripted.asked.push(asked);
    await play(response, scripted.answer(asked));
  };
  const server = createServer((incoming, response) => void handle(incoming, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const scripted: ScriptedServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    abandoned: 0,
    mostAtOnce: 0,
    answer: ({ path }) => (path.endsWith("/models") ? whole({ data: [{ id: "other" }, { id: "test" }] }) : chat()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return scripted;
};
