import { BodyTooLargeError, readBounded } from "../../network/body.ts";
import type { Clock } from "../../runtime/clock.ts";
import { errorLine } from "../../runtime/errors.ts";
import { IntelServiceError, type ServiceFailure } from "./service-error.ts";

export type GetDeps = {
  readonly fetch: typeof fetch;
  readonly clock: Pick<Clock, "now" | "sleep" | "random">;
  readonly signal?: AbortSignal;
};

export type GetLimits = {
  /** Longest body that is taken. */
  readonly maxBytes: number;
  /** For one attempt. */
  readonly timeoutMs: number;
  /** How often one address is asked. */
  readonly attempts: number;
  /** Pause after the first failure; doubled after each further one, and shortened at random by up to half. */
  readonly firstDelayMs: number;
  /** No pause is longer: a service that asks for a longer one is left alone. */
  readonly maxDelayMs: number;
};

/** An answer with status 200. */
export type Got = { readonly headers: Headers; readonly body: Uint8Array };

/** Reads one address, again where that may help. Throws an IntelServiceError, or the reason of the signal. */
export async function get(url: string, limits: GetLimits, deps: GetDeps): Promise<Got> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await getOnce(url, limits, deps);
    } catch (error) {
      deps.signal?.throwIfAborted();
      if (!(error instanceof IntelServiceError) || attempt >= limits.attempts) throw error;
      const pauseMs = pauseAfter(error, attempt, limits, deps.clock.random());
      if (pauseMs === undefined) throw error;
      await deps.clock.sleep(pauseMs, deps.signal);
      deps.signal?.throwIfAborted();
    }
  }
}

/** How long to wait before the next attempt; undefined where another one is of no use. */
function pauseAfter(
  { code, retryAfterMs }: IntelServiceError,
  attempt: number,
  { firstDelayMs, maxDelayMs }: GetLimits,
  random: number,
): number | undefined {
  if (code !== "unavailable" && code !== "throttled") return undefined;
  const backOffMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1)) * (1 - random / 2);
  if (retryAfterMs === undefined) return backOffMs;
  return retryAfterMs > maxDelayMs ? undefined : Math.max(retryAfterMs, backOffMs);
}

async function getOnce(url: string, { maxBytes, timeoutMs }: GetLimits, deps: GetDeps): Promise<Got> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = deps.signal === undefined ? timeout : AbortSignal.any([deps.signal, timeout]);
  try {
    const response = await deps.fetch(url, { signal, redirect: "manual" });
    if (response.status !== 200) throw await refusalOf(url, response, deps.clock.now());
    return { headers: response.headers, body: await readBounded(response.body, maxBytes) };
  } catch (cause) {
    if (cause instanceof IntelServiceError) throw cause;
    if (cause instanceof BodyTooLargeError)
      throw new IntelServiceError("too-large", `${url}: the answer has more than ${maxBytes} bytes`, { cause });
    const why = timeout.aborted ? `no answer within ${timeoutMs} ms` : errorLine(cause);
    throw new IntelServiceError("unavailable", `${url}: ${why}`, { cause });
  }
}

async function refusalOf(url: string, response: Response, nowMs: number): Promise<IntelServiceError> {
  const retryAfterMs = retryAfterOf(response.headers.get("retry-after"), nowMs);
  await response.body?.cancel();
  return new IntelServiceError(
    failureOf(response.status),
    `${url}: HTTP status ${response.status}`,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}

function failureOf(status: number): ServiceFailure {
  if (status === 404) return "not-found";
  if (status === 410) return "gone";
  if (status === 429) return "throttled";
  return status === 408 || status >= 500 ? "unavailable" : "refused";
}

/** Seconds, or a date of HTTP (RFC 9110, section 10.2.3). */
function retryAfterOf(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return 1_000 * Number(text);
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
