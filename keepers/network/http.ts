/**
 * HTTP to addresses that strangers chose: bounded in size and time, without redirects, and not into private networks
 * unless that is allowed. The address that is checked is the one that is connected to, so a name that resolves
 * differently the second time gains nothing.
 */
import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./addresses.ts";

export type HttpFailure = "UnsupportedUrl" | "PrivateAddress" | "TooLarge" | "Timeout" | "Network";

/** No answer was had. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly code: HttpFailure;

  constructor(code: HttpFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type HttpRequest = {
  readonly url: string;
  /** A JSON body makes it a POST. */
  readonly json?: string;
  /** Longest answer that is taken. */
  readonly maxBytes: number;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};
export type HttpAnswer = { readonly status: number; readonly body: Uint8Array };

export type Http = {
  /** Any status is an answer, redirects too. Rejects with HttpError, or the reason of the signal. */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Closes idle connections. */
  close(): void;
};

/** Resolves a name to all its addresses. Node's own gives none at all beside an error, whatever its types say. */
export type Resolve = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[] | undefined) => void,
) => void;

export type HttpDeps = {
  /** For local networks and tests: private, loopback and link-local addresses are let through. */
  readonly allowPrivate?: boolean;
  readonly resolve?: Resolve;
};

const refusePrivate = (host: string): HttpError =>
  new HttpError("PrivateAddress", `${host} is not a public address; allow private addresses if that is meant`);

/** A lookup for sockets that gives public addresses only; one private address among them refuses the name. */
export const guardedLookup =
  (resolve: Resolve, allowPrivate: boolean): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { all: true }, (error, found) => {
      const addresses = found ?? []; // what is thrown here ends the process: nobody is there to catch it
      const [first] = addresses;
      if (error !== null || first === undefined)
        return callback(error ?? new HttpError("Network", `${hostname} has no address`), "");
      if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address)))
        return callback(refusePrivate(hostname), "");
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

/** The URL, unless it is of another scheme, carries credentials or names a private address outright. */
export const checkUrl = (text: string, allowPrivate: boolean): URL => {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new HttpError("UnsupportedUrl", `${text.slice(0, 100)} is no http or https URL`);
  if (url.username !== "" || url.password !== "")
    throw new HttpError("UnsupportedUrl", "URLs with credentials are not followed");
  const host = url.hostname.replace(/^\[|\]$/g, ""); // decimal, octal and hex forms have been normalised by URL
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) throw refusePrivate(host);
  return url;
};

const readBody = (response: IncomingMessage, maxBytes: number): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    response.on("data", (chunk: Uint8Array) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else response.destroy(new HttpError("TooLarge", `the answer is longer than ${maxBytes} bytes`));
    });
    response.on("end", () => resolve(new Uint8Array(Buffer.concat(chunks))));
    response.on("error", reject);
    response.on("close", () => reject(new HttpError("Network", "the answer ended early"))); // after `end`: no effect
  });

/** More 1xx answers than any honest server sends before its real one. */
const maxInterim = 16;

/**
 * The head of the answer to a request, however that comes to its end; sends the request. Node says neither `response` nor
 * `error` where the server switches protocols (101), and from then on its own abort signal has no effect: so every event
 * that ends a request, and the signal itself, settle the promise here.
 */
export const responseTo = (sent: ClientRequest, signal: AbortSignal, body?: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    let interim = 0;
    const fail = (message: string): void => void sent.destroy(new HttpError("Network", message));
    const giveUp = (): void => reject(signal.reason);
    sent.on("error", reject);
    sent.on("response", resolve);
    sent.on("information", () => {
      if (++interim > maxInterim) fail("the server sends interim answers only");
    });
    sent.on("upgrade", (_response, socket) => {
      socket.destroy();
      reject(new HttpError("Network", "the server wants to switch protocols"));
    });
    sent.on("close", () => {
      signal.removeEventListener("abort", giveUp);
      reject(new HttpError("Network", "the connection ended early")); // after `response`: no effect
    });
    signal.addEventListener("abort", giveUp, { once: true });
    sent.end(body);
  });

/** Makes a client with connections of its own. */
export const makeHttp = ({ allowPrivate = false, resolve = systemLookup as Resolve }: HttpDeps = {}): Http => {
  const options = {
    keepAlive: true,
    maxSockets: 8, // per host
    maxTotalSockets: 256,
    lookup: guardedLookup(resolve, allowPrivate),
  };
  const agents = { "http:": new HttpAgent(options), "https:": new HttpsAgent(options) };

  const request = async (asked: HttpRequest): Promise<HttpAnswer> => {
    const { json, timeoutMs, signal } = asked;
    const url = checkUrl(asked.url, allowPrivate);
    const isSecure = url.protocol === "https:";
    const timeout = AbortSignal.timeout(timeoutMs);
    const ending = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const headers =
      json === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(json) };
    const sent = (isSecure ? requestHttps : requestHttp)(url, {
      method: json === undefined ? "GET" : "POST",
      agent: isSecure ? agents["https:"] : agents["http:"],
      headers,
      signal: ending,
    });
    try {
      const response = await responseTo(sent, ending, json);
      return { status: response.statusCode ?? 0, body: await readBody(response, asked.maxBytes) };
    } catch (cause) {
      signal?.throwIfAborted();
      if (timeout.aborted) throw new HttpError("Timeout", `${url.host} did not answer within ${timeoutMs} ms`);
      if (cause instanceof HttpError) throw cause;
      throw new HttpError("Network", `${url.host} could not be reached`, { cause });
    }
  };

  return {
    request,
    close: () => Object.values(agents).forEach((agent) => agent.destroy()),
  };
};
