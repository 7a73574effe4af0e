import {
  type Chain,
  createPublicClient,
  custom,
  defineChain,
  type Hex,
  hexToBigInt,
  type PublicClient,
  type Transport,
} from "viem";

/** What speaks JSON-RPC: a node, a simulated chain, or something in front of one. */
export type Provider = {
  readonly request: (args: { readonly method: string; readonly params?: readonly unknown[] }) => Promise<unknown>;
};

/** An error that a node answered with. `data` is a revert's. */
export class RpcAnswerError extends Error {
  override readonly name = "RpcAnswerError";
  readonly code: number;
  readonly data: unknown;
  constructor(method: string, answer: { code?: number; message?: string; data?: unknown }) {
    super(`${method}: ${answer.message ?? "the node answered with an error"}`);
    this.code = answer.code ?? -32_603;
    this.data = answer.data;
  }
}

type Answer = { readonly result?: unknown; readonly error?: { code?: number; message?: string; data?: unknown } };

/** A node over HTTP. Requests that read are tried three times; sends once, for the answer may be lost after all. */
export function httpProvider(url: string, timeoutMs = 60_000): Provider {
  let id = 0;
  const once = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params });
    const headers = { "content-type": "application/json" };
    const response = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(timeoutMs) });
    const answer = (await response.json()) as Answer;
    if (answer.error !== undefined) throw new RpcAnswerError(method, answer.error);
    return answer.result;
  };
  const tried = async (method: string, params: readonly unknown[], left: number): Promise<unknown> => {
    try {
      return await once(method, params);
    } catch (cause) {
      if (cause instanceof RpcAnswerError || left === 0) throw named(cause, method, url);
      return tried(method, params, left - 1);
    }
  };
  return {
    request: ({ method, params = [] }) => tried(method, params, method.startsWith("eth_send") ? 0 : 2),
  };
}

function named(cause: unknown, method: string, url: string): Error {
  if (cause instanceof RpcAnswerError) return cause;
  const { origin } = new URL(url); // the path may hold a key
  return new Error(`${method}: ${origin} does not answer as a JSON-RPC node.`, { cause });
}

/** What the network asks for a unit of gas now, in wei. */
export async function feeNow(provider: Provider): Promise<bigint> {
  return hexToBigInt((await provider.request({ method: "eth_gasPrice", params: [] })) as Hex);
}

/** A client that reads, and caches nothing. */
export function clientOf(provider: Provider, chainId: number): PublicClient<Transport, Chain> {
  const chain = defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  const request = ({ method, params }: { method: string; params?: unknown }): Promise<unknown> =>
    provider.request({ method, params: (params ?? []) as readonly unknown[] });
  return createPublicClient({
    chain,
    transport: custom({ request }, { retryCount: 0 }),
    cacheTime: 0,
    pollingInterval: 200,
  });
}
