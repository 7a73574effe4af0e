/** Servers as they are configured. */
import { redactUrl } from "../../runtime/redact.ts";
import { baseOf } from "./ask.ts";
import { type Backend, newBackend } from "./pool.ts";

export type BackendOptions = {
  /** With or without `/v1`. */
  readonly url: string;
  /** Requests at a time, 1..1024. */
  readonly concurrency: number;
  /** Sent as `Authorization`. */
  readonly authorization?: string | undefined;
  /** False for servers that tell token ids of whole answers only. Default true. */
  readonly stream?: boolean;
};

export type BackendsOptions = {
  /** The model's name at the servers. */
  readonly servedAs: string;
  /** At least one. */
  readonly backends: readonly BackendOptions[];
  /** A server may be silent for so long. Default 60 s. */
  readonly idleMs?: number;
};

/** Servers of which nothing is known yet. */
export const backendsOf = ({ backends, servedAs, idleMs = 60_000 }: BackendsOptions): readonly Backend[] =>
  backends.map(({ url, concurrency, authorization, stream = true }) =>
    newBackend(redactUrl(url), { base: baseOf(url), servedAs, authorization, stream, idleMs }, concurrency),
  );
