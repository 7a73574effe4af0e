import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server on 127.0.0.1. */
export type LocalServer = { readonly url: string; readonly close: () => Promise<void> };

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Serves on a free port of 127.0.0.1. A handler that rejects gives status 500 and never ends the process. */
export async function startLocalServer(handle: Handler): Promise<LocalServer> {
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.writableEnded || response.writeHead(500).end());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo; // a TCP server's address is one
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, close };
}

/** The whole body. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
