/** viem clients over the runtime's own RPC failover, for jobs that read contracts. Nothing is cached. */
import { createPublicClient, custom, defineChain, type PublicClient } from "viem";
import { RpcError } from "./errors.ts";
import type { Rpc } from "./rpc-endpoint.ts";

/** The failure of the RPC that a client's error stands for, or undefined. A client says of it that it is unknown. */
export const rpcErrorIn = (error: unknown): RpcError | undefined => {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof RpcError) return at;
  return undefined;
};

/** A public client on `rpc`. Retries and failover are the rpc's business; block numbers are never cached. */
export const makePublicClient = (rpc: Rpc, chainId: number): PublicClient => {
  const request = ({ method, params }: { method: string; params?: unknown }): Promise<unknown> =>
    rpc.request(method, (params ?? []) as readonly unknown[]);
  const chain = defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  return createPublicClient({ chain, cacheTime: 0, transport: custom({ request }, { retryCount: 0 }) });
};
