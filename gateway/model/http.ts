import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ApiError, errorBody } from "./errors.ts";
import type { Answer, Route } from "./routes.ts";

const maxBodyBytes = 256 * 1024;
const requestTimeoutMs = 10_000;
const maxConnections = 256;

/** An HTTP server of the routes, not listening yet. `log` is told of requests that failed by this server's fault. */
export function makeServer(routes: ReadonlyMap<string, Route>, log: (error: unknown) => void): Server {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      void serve(routes, request, response, log);
    },
  );
  server.maxConnections = maxConnections;
  return server;
}

async function serve(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
  log: (error: unknown) => void,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort(new Error("the client has gone")));
  response.on("error", () => gone.abort());
  try {
    const route = findRoute(routes, request);
    const body = request.method === "POST" ? await readJson(request) : undefined;
    await send(await route(body, gone.signal), response);
  } catch (error) {
    if (gone.signal.aborted) return;
    if (!(error instanceof ApiError)) log(error);
    sendError(error, response);
  }
}

function findRoute(routes: ReadonlyMap<string, Route>, { method = "", url = "" }: IncomingMessage): Route {
  const path = url.split("?")[0] ?? "";
  const route = routes.get(`${method} ${path}`);
  if (route !== undefined) return route;
  const known = [...routes.keys()];
  const other = known.find((key) => key.endsWith(` ${path}`));
  if (other !== undefined) throw new ApiError(405, `Use ${other}.`);
  throw new ApiError(404, `There is nothing at this path. Paths: ${known.join(", ")}.`, { code: "unknown_url" });
}

/** Throws an `ApiError` on a body that is too long, not JSON, or of another type: other sites' pages cannot send JSON. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  if (request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() !== "application/json")
    throw new ApiError(415, "Send JSON, with the header content-type: application/json.");
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) throw new ApiError(413, `The body must have at most ${maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new ApiError(400, "The body is no JSON.");
  }
}

async function send(answer: Answer, response: ServerResponse): Promise<void> {
  if ("body" in answer) return sendJson(200, answer.body, response);
  // A client that reads slowly does not hold up the next one: what it has not read yet waits here, and is short.
  await answer.stream((body) => {
    if (!response.headersSent)
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
    response.write(`data: ${JSON.stringify(body)}\n\n`);
  });
  response.end("data: [DONE]\n\n");
}

function sendJson(status: number, body: object, response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(JSON.stringify(body));
}

/** Before the first bytes an error has a status of its own; in a stream it is an event, and no [DONE] follows. */
function sendError(error: unknown, response: ServerResponse): void {
  const { status, body, retryAfterS } = errorBody(error);
  if (response.headersSent) return void response.end(`data: ${JSON.stringify(body)}\n\n`);
  const headers: Record<string, string> = retryAfterS === undefined ? {} : { "retry-after": `${retryAfterS}` };
  // what is left of a body that was refused is not read
  if (!response.req.complete) headers["connection"] = "close";
  sendJson(status, body, response, headers);
}
