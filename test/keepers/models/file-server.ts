/** A server of one file on 127.0.0.1, honest unless it is told how to lie, that notes what it was asked. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Answer = (request: IncomingMessage, response: ServerResponse, index: number) => void;
export type FileServer = {
  readonly url: string;
  readonly host: string;
  /** Range and If-Range of every request, in order. */
  readonly asked: readonly { readonly range?: string; readonly ifRange?: string; readonly path: string }[];
  close(): Promise<void>;
};

const opened: FileServer[] = [];

/** Serves with `answer`; `index` counts requests. */
export const serve = async (answer: Answer): Promise<FileServer> => {
  const asked: { range?: string; ifRange?: string; path: string }[] = [];
  const server = createServer((request, response) => {
    const { range, "if-range": ifRange } = request.headers;
    asked.push({
      path: request.url ?? "",
      ...(range === undefined ? {} : { range }),
      ...(typeof ifRange === "string" ? { ifRange } : {}),
    });
    response.on("error", () => {});
    answer(request, response, asked.length - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const one: FileServer = { url: `http://${host}/file`, host, asked, close };
  opened.push(one);
  return one;
};

/** Closes what `serve` opened. */
export const closeServers = async (): Promise<void> => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
};

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** `length` bytes that no two places of a file share. */
export const contentOf = (length: number, seed = 1): Uint8Array => {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    bytes[i] = state >>> 24;
  }
  return bytes;
};

const startOf = (range: string | undefined): number => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);

export type Honest = {
  readonly etag?: string;
  /** Breaks the connection off after so many bytes of the body. */
  readonly breakAfter?: number;
};

/** Answers as a good static server does: whole, or the rest from a range on while If-Range holds. */
export const answerWith = (
  bytes: Uint8Array,
  request: IncomingMessage,
  response: ServerResponse,
  { etag, breakAfter }: Honest = {},
): void => {
  const { range, "if-range": ifRange } = request.headers;
  const from = ifRange === undefined || ifRange === etag ? startOf(range) : 0;
  const body = bytes.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    "content-length": body.length,
    ...(from > 0 ? { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    ...(etag === undefined ? {} : { etag }),
  });
  if (breakAfter === undefined) return void response.end(body);
  response.write(body.subarray(0, breakAfter), () => setTimeout(() => response.destroy(), 10));
};

/** An honest server of these bytes. */
export const serveFile = (bytes: Uint8Array, etag = '"one"'): Promise<FileServer> =>
  serve((request, response) => answerWith(bytes, request, response, { etag }));
