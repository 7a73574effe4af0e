/** The manifest of a registered task: from where its publisher put it, and what the chain says of it. */
import { hexToString, type PublicClient } from "viem";
import type { Address } from "viem";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { FetchError, fetchUri } from "../executor/fetch.ts";
import type { Http } from "../network/http.ts";
import { errorLine } from "../runtime/errors.ts";
import { digestsOf } from "./digests.ts";
import { maxManifestBytes, parseManifest } from "./manifest.ts";
import { sourcesOf } from "./sources.ts";

export type RegisteredDeps = {
  readonly publicClient: Pick<PublicClient, "readContract">;
  readonly taskRegistry: Address;
  /** Guarded: the URI is the publisher's. */
  readonly http: Pick<Http, "request">;
  /** For gateways, which the operator named. */
  readonly gatewayHttp: Pick<Http, "request">;
  readonly gateways: readonly string[];
};

const timeoutMs = 60_000;

/** The bytes behind a manifest's URI. Throws FetchError with every place that was asked. */
const download = async (deps: RegisteredDeps, uri: string, signal: AbortSignal): Promise<Uint8Array> => {
  const bounds = { maxBytes: maxManifestBytes, timeoutMs, signal };
  if (!uri.startsWith("ipfs:")) return fetchUri(deps.http, uri, bounds);
  const { sources, unusable } = sourcesOf({ uris: [uri] }, deps.gateways);
  const failures = unusable.map(({ why }) => why);
  for (const { url } of sources) {
    try {
      return await fetchUri(deps.gatewayHttp, url, bounds);
    } catch (error) {
      signal.throwIfAborted();
      failures.push(`${url}: ${errorLine(error)}`);
    }
  }
  throw new FetchError(`the manifest at ${uri.slice(0, 200)} cannot be had: ${failures.join("; ")}`);
};

/** Throws FetchError where there is no such task, or its URI does not lead to the manifest that it was registered with. */
export const registeredManifest = async (
  deps: RegisteredDeps,
  taskId: bigint,
  signal: AbortSignal,
): Promise<Uint8Array> => {
  const registry = { address: deps.taskRegistry, abi: taskRegistryAbi, args: [Number(taskId)] } as const;
  const task = await deps.publicClient.readContract({ ...registry, functionName: "taskOf" });
  if (task.window === 0) throw new FetchError(`there is no task ${taskId}`);
  const kind = hexToString(task.kind, { size: 32 });
  if (kind === "wasm") throw new FetchError(`task ${taskId} is of the kind wasm, which has no model`);
  const uri = await deps.publicClient.readContract({ ...registry, functionName: "artifactUriOf" });
  const bytes = await download(deps, uri, signal);
  const manifest = parseManifest(bytes);
  const { artifactDigest, runtimeDigest } = digestsOf(bytes, manifest);
  if (artifactDigest !== task.artifactDigest)
    throw new FetchError(`the manifest's sha256 is ${artifactDigest}, not ${task.artifactDigest}; ask its publisher`);
  if (runtimeDigest !== task.runtimeDigest || manifest.kind !== kind)
    throw new FetchError(
      `task ${taskId} is registered as ${kind} with another runtime than its manifest's: no node serves it`,
    );
  return bytes;
};
