import type { NetworkConnection } from "hardhat/types/network";
import { bodyOf, type LocalServer, startLocalServer } from "./local-server.ts";

type Provider = NetworkConnection<"l1">["provider"];
type Call = { readonly id?: unknown; readonly method: string; readonly params?: unknown[] };

/**
 * Serves a simulated chain as JSON-RPC over HTTP. Hardhat's own server makes a chain of its own that nothing else can
 * reach; this one shares the chain with the deployment.
 */
export function startRpcServer(provider: Provider): Promise<LocalServer> {
  return startLocalServer(async (request, response) => {
    const body: unknown = JSON.parse((await bodyOf(request)).toString());
    const calls = Array.isArray(body) ? (body as Call[]) : [body as Call];
    const answers = await Promise.all(calls.map((call) => answer(provider, call)));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(Array.isArray(body) ? answers : answers[0]));
  });
}

async function answer(provider: Provider, { id = null, method, params = [] }: Call): Promise<object> {
  try {
    return { jsonrpc: "2.0", id, result: await provider.request({ method, params }) };
  } catch (error) {
    return { jsonrpc: "2.0", id, error: errorOf(error) };
  }
}

/** As other nodes answer: a revert has code 3 and its data as plain hexadecimal. */
function errorOf(error: unknown): object {
  const {
    code = -32_603,
    message = String(error),
    data,
  } = error as { code?: number; message?: string; data?: unknown };
  const revert = typeof data === "string" ? data : (data as { data?: unknown } | undefined)?.data;
  return typeof revert === "string" && revert.length > 2 ? { code: 3, message, data: revert } : { code, message };
}
