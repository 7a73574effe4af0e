/**
 * Several RPC URLs behind one `request`, in order of preference. An endpoint that does not answer (timeout, network,
 * HTTP error, garbage, rate limit, another chain) is skipped for a while and the next one is asked; an error that the
 * node itself answered ("execution reverted", "nonce too low") is the answer and is not asked elsewhere.
 */
import type { Clock } from "./clock.ts";
import { NodeUnsyncedError, RpcError, WrongChainError, errorLine } from "./errors.ts";
import { silentLog, type Log } from "./log.ts";
import { readBlock } from "./rpc-answers.ts";
import { type Endpoint, makeEndpoint, type Rpc } from "./rpc-endpoint.ts";

export type RpcOptions = {
  /** http or https URLs, the preferred one first; at least one. */
  urls: readonly string[];
  chainId: number;
  clock: Clock;
  log?: Log;
  timeoutMs?: number;
  maxBodyBytes?: number;
  /** How long an endpoint that failed is tried last. */
  restMs?: number;
  /** Called once per failed request of an endpoint, for metrics. */
  onFailure?: (endpoint: string, error: unknown) => void;
};

export type FailoverRpc = Rpc & {
  /** The endpoints by themselves, for checks at start. */
  endpoints: readonly Endpoint[];
  /** The endpoint that would be asked now, alone: for several reads that must come from one view of the chain. */
  pin(): Rpc;
};

const rateLimits = new Set([-32005, -32029, 429]);

/** True when another endpoint may do better with the same request. */
const isEndpointsFault = (error: unknown): boolean =>
  error instanceof WrongChainError ||
  (error instanceof RpcError &&
    (error.kind !== "answer" ||
      (rateLimits.has(error.code ?? 0) && /rate|too many requests|capacity/i.test(error.message))));

/** A client over all URLs. Makes no request by itself. */
export const makeRpc = (options: RpcOptions): FailoverRpc => {
  const { urls, chainId, clock, log = silentLog, timeoutMs = 15_000, restMs = 30_000 } = options;
  const { maxBodyBytes = 64 * 1024 * 1024, onFailure = () => {} } = options;
  if (urls.length === 0) throw new RpcError("network", "no RPC URL is configured");
  const endpoints = urls.map((url) => makeEndpoint({ url, chainId, timeoutMs, maxBodyBytes }));
  const restUntil = new Map<Endpoint, number>();

  const inOrder = (): readonly Endpoint[] => {
    const now = clock.now();
    return endpoints.toSorted((a, b) => Number((restUntil.get(a) ?? 0) > now) - Number((restUntil.get(b) ?? 0) > now));
  };
  const ask = async (endpoint: Endpoint, method: string, params: readonly unknown[]): Promise<unknown> => {
    try {
      const result = await endpoint.request(method, params);
      restUntil.delete(endpoint);
      return result;
    } catch (error) {
      if (isEndpointsFault(error)) {
        restUntil.set(endpoint, clock.now() + restMs);
        onFailure(endpoint.name, error);
        log.warn({ endpoint: endpoint.name, method, error: errorLine(error) }, "an RPC endpoint failed");
      }
      throw error;
    }
  };
  const request = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    let last: unknown;
    for (const endpoint of inOrder()) {
      try {
        return await ask(endpoint, method, params);
      } catch (error) {
        if (!isEndpointsFault(error)) throw error;
        last = error;
      }
    }
    throw last;
  };
  const pin = (): Rpc => {
    const endpoint = inOrder()[0];
    if (endpoint === undefined) throw new RpcError("network", "no RPC URL is configured");
    return { request: (method, params) => ask(endpoint, method, params) };
  };
  return { endpoints, request, pin };
};

export type StartCheck = {
  clock: Clock;
  /** The newest block may be this old, seconds; undefined where a chain makes blocks only on demand. */
  maxHeadAgeS?: number;
};

const checkSynced = async (endpoint: Endpoint, { clock, maxHeadAgeS }: StartCheck): Promise<void> => {
  const syncing = await endpoint.request("eth_syncing", []).catch((error: unknown) => {
    if (error instanceof RpcError && error.kind === "answer") return false; // not offered here; the head's age decides
    throw error;
  });
  if (syncing !== false) throw new NodeUnsyncedError(`${endpoint.name} is still syncing: wait or use another URL`);
  const head = await readBlock(endpoint, "latest");
  if (head === undefined) throw new NodeUnsyncedError(`${endpoint.name} has no block yet`);
  const ageS = Math.floor(clock.now() / 1000) - Number(head.timestampS);
  if (maxHeadAgeS !== undefined && ageS > maxHeadAgeS)
    throw new NodeUnsyncedError(
      `${endpoint.name}: newest block ${head.number} is ${ageS} s old (at most ${maxHeadAgeS} s)`,
    );
};

/**
 * Refuses to start on a wrong chain or an unsynced node: throws WrongChainError if any reachable endpoint serves another
 * chain, else the first failure if no endpoint is fit. Returns the failures of the unfit ones when at least one is fit.
 */
export const checkEndpoints = async (endpoints: readonly Endpoint[], check: StartCheck): Promise<readonly string[]> => {
  const results = await Promise.allSettled(endpoints.map((endpoint) => checkSynced(endpoint, check)));
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  const wrong = failures.find((failure) => failure instanceof WrongChainError);
  if (wrong !== undefined) throw wrong;
  if (failures.length === endpoints.length) throw failures[0];
  return failures.map(errorLine);
};
