/**
 * HTTP to a model server of the operator's own. Addresses may be private; redirects are answers, proxies in the environment
 * have no effect, every connection serves one request. What comes back is bounded in size and in silence.
 */
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { BackendError, garbage } from "./fault.ts";

export type ServerRequest = {
  readonly url: URL;
  /** A JSON body makes it a POST. */
  readonly json?: string | undefined;
  readonly authorization?: string | undefined;
  /** Longest answer that is taken. */
  readonly maxBytes: number;
  /** Longest silence before the answer's first byte, once the server has the request. */
  readonly firstMs: number;
  /** Longest silence otherwise. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
};

export type ServerAnswer = {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  /** May be iterated once; who leaves it early ends the connection. Throws BackendError. */
  readonly body: AsyncIterable<Uint8Array>;
};

const agents = { "http:": new HttpAgent({ keepAlive: false }), "https:": new HttpsAgent({ keepAlive: false }) };
/** More 1xx answers than any honest server sends before its real one. */
const maxInterim = 16;

const unreachable = (cause: unknown): BackendError =>
  cause instanceof BackendError ? cause : new BackendError("unreachable", "the connection failed", { cause });

async function* boundedBody(
  response: IncomingMessage,
  sent: ClientRequest,
  { maxBytes, idleMs, signal }: ServerRequest,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  try {
    for await (const piece of response as AsyncIterable<Uint8Array>) {
      if (length === 0) sent.setTimeout(idleMs);
      length += piece.length;
      if (length > maxBytes) throw garbage(`the answer is longer than ${maxBytes} bytes`);
      yield piece;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(error);
  } finally {
    response.destroy();
  }
}

/** Every event that ends a request settles the promise: Node itself says nothing where the server switches protocols. */
const responseOf = (sent: ClientRequest, { json, signal, idleMs, firstMs }: ServerRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    let interim = 0;
    let received: IncomingMessage | undefined;
    const end = (reason: BackendError): void => void (received ?? sent).destroy(reason);
    sent.on("error", reject);
    sent.on("response", (response) => resolve((received = response)));
    sent.on("information", () => {
      if (++interim > maxInterim) end(garbage("the server sends interim answers only"));
    });
    sent.on("upgrade", (_response, socket) => {
      socket.destroy();
      reject(garbage("the server wants to switch protocols"));
    });
    sent.on("close", () => reject(new BackendError("unreachable", "the connection ended early"))); // after an answer: no effect
    sent.setTimeout(idleMs, () =>
      end(new BackendError("slow", `nothing came for ${sent.socket?.timeout ?? idleMs} ms`)),
    );
    sent.once("finish", () => void (received === undefined && sent.setTimeout(firstMs)));
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    sent.end(json);
  });

/** Sends a request. Rejects with BackendError, or the reason of the signal. Any status is an answer. */
export const sendToServer = async (asked: ServerRequest): Promise<ServerAnswer> => {
  const { url, json, authorization, signal } = asked;
  signal.throwIfAborted();
  const isSecure = url.protocol === "https:";
  const headers = {
    accept: "text/event-stream, application/json",
    "accept-encoding": "identity",
    ...(authorization === undefined ? {} : { authorization }),
    ...(json === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(json) }),
  };
  const method = json === undefined ? "GET" : "POST";
  const agent = isSecure ? agents["https:"] : agents["http:"];
  const sent = (isSecure ? requestHttps : requestHttp)(url, { method, agent, headers, signal });
  try {
    const response = await responseOf(sent, asked);
    response.on("error", () => {}); // told to who iterates
    return {
      status: response.statusCode ?? 0,
      contentType: response.headers["content-type"] ?? "",
      retryAfter: response.headers["retry-after"],
      body: boundedBody(response, sent, asked),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(error);
  }
};

/** All of a body. */
export const readAll = async (body: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
};
