/**
 * Long answers as streams, for files of gigabytes: guarded as `http.ts` guards, at every redirect again. What comes is not
 * judged here; nobody is trusted to be quick, or to end.
 */
import { lookup as systemLookup } from "node:dns";
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { checkUrl, guardedLookup, HttpError, type Resolve, responseTo } from "./http.ts";

/** A server is given up when it sends less than `leastBytes` in `everyMs`: neither silence nor a trickle holds anybody. */
export type Pace = { readonly everyMs: number; readonly leastBytes: number };

export type DownloadRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pace: Pace;
  readonly signal: AbortSignal;
};

export type Download = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Can be read once. Throws HttpError where it breaks off or is too slow, or the reason of the signal. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection. */
  close(): void;
};

/** Any status is an answer, but redirects, which are followed. Rejects with HttpError, or the reason of the signal. */
export type Downloads = (request: DownloadRequest) => Promise<Download>;

export type DownloadsDeps = {
  /** For local networks and tests: private, loopback and link-local addresses are let through. */
  readonly allowPrivate?: boolean;
  /** `host:port` that the operator named, and that may be private. */
  readonly trustedHosts?: ReadonlySet<string>;
  readonly resolve?: Resolve;
};

const maxRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);
const noop = (): void => {};

/** The body at its pace. Fewer bytes than it announced are an error. */
async function* paced(response: IncomingMessage, host: string, { everyMs, leastBytes }: Pace) {
  let recent = 0;
  const timer = setInterval(() => {
    const tooSlow = `${host} sent ${recent} bytes within ${everyMs} ms, less than ${leastBytes}`;
    if (recent < leastBytes) response.destroy(new HttpError("Timeout", tooSlow));
    recent = 0;
  }, everyMs);
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      recent += chunk.length;
      yield chunk;
    }
  } finally {
    clearInterval(timer);
    response.destroy();
  }
}

/** Errors of sockets as HttpError; the caller's own end as its reason. */
const explained = (error: unknown, host: string, signal: AbortSignal): unknown => {
  if (signal.aborted) return signal.reason;
  if (error instanceof HttpError) return error;
  return new HttpError("Network", `the connection to ${host} failed`, { cause: error });
};

async function* withErrors(body: AsyncIterable<Uint8Array>, host: string, signal: AbortSignal) {
  try {
    yield* body;
  } catch (error) {
    throw explained(error, host, signal);
  }
}

/** Makes the client. Each download has a connection of its own. */
export const makeDownloads = (deps: DownloadsDeps = {}): Downloads => {
  const { allowPrivate = false, trustedHosts = new Set(), resolve = systemLookup as Resolve } = deps;

  const hop = async (text: string, { headers, pace, signal }: DownloadRequest): Promise<IncomingMessage> => {
    const mayBePrivate = allowPrivate || trustedHosts.has(URL.parse(text)?.host ?? "");
    const url = checkUrl(text, mayBePrivate);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), pace.everyMs);
    const head = AbortSignal.any([signal, late.signal]);
    const sent = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      headers: { ...headers, "accept-encoding": "identity" },
      agent: false,
      lookup: guardedLookup(resolve, mayBePrivate),
      signal,
    });
    try {
      return await responseTo(sent, head);
    } catch (error) {
      sent.on("error", noop).destroy();
      if (late.signal.aborted && !signal.aborted)
        throw new HttpError("Timeout", `${url.host} did not answer within ${pace.everyMs} ms`);
      throw explained(error, url.host, signal);
    } finally {
      clearTimeout(timer);
    }
  };

  return async (request) => {
    const { pace, signal } = request;
    let url = request.url;
    for (let hops = 0; hops <= maxRedirects; hops++) {
      const response = await hop(url, request);
      const { statusCode: status = 0, headers } = response;
      const { host } = new URL(url);
      const close = (): void => void response.on("error", noop).destroy();
      if (!redirects.has(status) || headers.location === undefined)
        return { status, headers, close, body: withErrors(paced(response, host, pace), host, signal) };
      close();
      const next = URL.parse(headers.location, url);
      if (next === null) throw new HttpError("UnsupportedUrl", `${host} redirects to what is no URL`);
      url = next.href;
    }
    throw new HttpError("Network", `${new URL(request.url).host} redirects more than ${maxRedirects} times`);
  };
};
