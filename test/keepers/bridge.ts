/** A JSON-RPC server on 127.0.0.1 in front of a Hardhat connection, so that keepers reach it as they reach any chain. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Provider = { request(call: { method: string; params?: unknown }): Promise<unknown> };
export type Bridge = { url: string; close(): Promise<void> };

type Call = { id: number; method: string; params: unknown[] };

const errorOf = (error: unknown): object => {
  const { code = -32_000, message = String(error), data } = (error ?? {}) as Record<string, unknown>;
  const inner = typeof data === "object" && data !== null && "data" in data ? data.data : data;
  return { code: typeof code === "number" ? code : -32_000, message, ...(inner === undefined ? {} : { data: inner }) };
};

const answer = async (provider: Provider, { id, method, params }: Call): Promise<object> => {
  try {
    return { jsonrpc: "2.0", id, result: await provider.request({ method, params }) };
  } catch (error) {
    return { jsonrpc: "2.0", id, error: errorOf(error) };
  }
};

/** Serves the provider on a free port. */
export const serveProvider = async (provider: Provider): Promise<Bridge> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const call = JSON.parse(Buffer.concat(chunks).toString()) as Call;
      void answer(provider, call).then((body) => response.end(JSON.stringify(body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
