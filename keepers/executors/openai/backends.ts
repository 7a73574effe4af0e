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
};

export type BackendsOptions = {
  /** The model's name at the servers. */
  readonly servedAs: string;
  /** At least one. */
  readonly backends: readonly BackendOptions[];
  /** A server may be silent for so long, but before the first byte of an answer that is no stream. Default 60 s. */
  readonly idleMs?: number;
  /** One server has so long for one answer. Default 10 minutes. */
  readonly timeoutMs?: number;
};

export const defaultTimeoutMs = 600_000;

/** Servers of which nothing is known yet. */
export const backendsOf = ({
  backends,
  servedAs,
  idleMs = 60_000,
  timeoutMs: wholeMs = defaultTimeoutMs,
}: BackendsOptions): readonly Backend[] =>
  backends.map(({ url, concurrency, authorization }) =>
    newBackend(redactUrl(url), { base: baseOf(url), servedAs, authorization, idleMs, wholeMs }, concurrency),
  );
