/** A proxy in front of a real model server that spoils what a test wants spoiled. */
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from "node:http";
import { request as requestHttps } from "node:https";
import type { AddressInfo } from "node:net";

/** What is done to one exchange; all else passes as it is. */
export type Spoil = {
  /** Another server answers. */
  readonly target?: string;
  /** The answer is held back. */
  readonly delayMs?: number;
  /** Changes each event, as JSON, or drops it. */
  readonly edit?: (event: Record<string, unknown>) => Record<string, unknown> | undefined;
  /** The connection is cut after so many events. */
  readonly cutAfter?: number;
};

export type ModelProxy = {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Decides what is done to an exchange, by its path and body. */
  spoil: (path: string, body: string) => Spoil;
  close(): Promise<void>;
};

const bodyOf = async (message: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
};

const editEvent = (event: string, { edit }: Spoil): string => {
  if (edit === undefined || !event.startsWith("data: {")) return `${event}\n\n`;
  const edited = edit(JSON.parse(event.slice(6)) as Record<string, unknown>);
  return edited === undefined ? "" : `data: ${JSON.stringify(edited)}\n\n`;
};

const passOn = async (answer: IncomingMessage, response: ServerResponse, spoil: Spoil): Promise<void> => {
  response.writeHead(answer.statusCode ?? 500, { "content-type": answer.headers["content-type"] ?? "" });
  response.flushHeaders();
  const body = await bodyOf(answer);
  if (!body.startsWith("data:")) return void response.end(body);
  const events = body.split("\n\n").filter((event) => event !== "");
  for (const event of events.slice(0, spoil.cutAfter ?? events.length)) response.write(editEvent(event, spoil));
  if (spoil.cutAfter === undefined) response.end();
  else setTimeout(() => response.destroy(), 20);
};

/** Starts a proxy on a free port. */
export const startModelProxy = async (target: string): Promise<ModelProxy> => {
  const asked: string[] = [];
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = incoming.url ?? "";
    const body = await bodyOf(incoming);
    asked.push(path);
    const spoil = proxy.spoil(path, body);
    await new Promise((resolve) => setTimeout(resolve, spoil.delayMs ?? 0));
    if (response.destroyed) return;
    const { authorization } = incoming.headers;
    const headers = { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) };
    const url = new URL(path, spoil.target ?? target);
    const request = url.protocol === "https:" ? requestHttps : requestHttp;
    const sent = request(url, { method: incoming.method ?? "GET", headers });
    sent.on("error", () => response.destroy());
    sent.on("response", (answer) => void passOn(answer, response, spoil).catch(() => response.destroy()));
    response.on("close", () => sent.destroy());
    sent.end(body);
  };
  const server = createServer((incoming, response) => void handle(incoming, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: ModelProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    spoil: () => ({}),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
};
