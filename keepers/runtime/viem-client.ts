/** viem clients over the runtime's own RPC failover, for jobs that read contracts. Nothing is cached. */
import { type Chain, createPublicClient, custom, defineChain, type PublicClient, type Transport } from "viem";
import { RpcError } from "./errors.ts";
import type { Rpc } from "./rpc-endpoint.ts";

/** The failure of the RPC that a client's error stands for, or undefined. A client says of it that it is unknown. */
export const rpcErrorIn = (error: unknown): RpcError | undefined => {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof RpcError) return at;
  return undefined;
};

/** A public client on `rpc`. Retries and failover are the rpc's business; block numbers are never cached. */
export const makePublicClient = (rpc: Rpc, chainId: number): PublicClient<Transport, Chain> =>
  createPublicClient({ chain: chainOf(chainId), cacheTime: 0, pollingInterval: 500, transport: transportOf(rpc) });

/** A client's requests go to `rpc`. */
export const transportOf = (rpc: Rpc) => {
  const request = ({ method, params }: { method: string; params?: unknown }): Promise<unknown> =>
    rpc.request(method, (params ?? []) as readonly unknown[]);
  return custom({ request }, { retryCount: 0 });
};

/** A chain of which only the id is known. */
export const chainOf = (chainId: number): Chain =>
  defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
