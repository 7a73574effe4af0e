/** A task's artifact, fetched once, checked against its sha256 every time. */
import type { ChainTask } from "../chain/view.ts";
import type { Http } from "../network/http.ts";
import { sha256 } from "../runtime/sha256.ts";
import type { BlobCache } from "./blob-cache.ts";
import { FetchError, fetchUri } from "./fetch.ts";

export type ArtifactDeps = {
  /** Guarded: the URI is the publisher's. */
  readonly http: Pick<Http, "request">;
  readonly cache: BlobCache;
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
};

export type Artifacts = {
  /** Throws FetchError or HttpError where it cannot be had. */
  get(task: Pick<ChainTask, "artifactDigest" | "artifactUri">, signal: AbortSignal): Promise<Uint8Array>;
};

const mebibyte = 1024 * 1024;

/** Makes the source of artifacts; several requests for one artifact at a time share its download. */
export const makeArtifacts = (deps: ArtifactDeps): Artifacts => {
  const { http, cache, maxBytes = 64 * mebibyte, timeoutMs = 60_000 } = deps;
  const running = new Map<string, Promise<Uint8Array>>();

  const fetchAndKeep: Artifacts["get"] = async ({ artifactDigest, artifactUri }, signal) => {
    const kept = await cache.get(artifactDigest);
    if (kept !== undefined && sha256(kept) === artifactDigest.toLowerCase()) return kept;
    const fetched = await fetchUri(http, artifactUri, { maxBytes, timeoutMs, signal });
    const digest = sha256(fetched);
    if (digest !== artifactDigest.toLowerCase())
      throw new FetchError(`the artifact's sha256 is ${digest}, not ${artifactDigest}; ask its publisher`);
    await cache.put(artifactDigest, fetched);
    return fetched;
  };

  return {
    get: (task, signal) => {
      const key = `${task.artifactDigest} ${task.artifactUri}`;
      const known = running.get(key);
      if (known !== undefined) return known;
      const started = fetchAndKeep(task, signal).finally(() => running.delete(key));
      running.set(key, started);
      return started;
    },
  };
};
