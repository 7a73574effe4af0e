/**
 * One JSON-RPC URL over HTTP. Every failure is an RpcError with a kind; whatever the server sends (HTML, truncated or
 * endless bodies, another id, wrong types) ends as one, never as a crash. Before its first use the endpoint must prove
 * the configured chain id; one that serves another chain is never used.
 */
import { hexToNumber, isHex, type Hex } from "viem";
import { RpcError, WrongChainError } from "./errors.ts";
import { redactUrl } from "./redact.ts";

export type Rpc = {
  /** The `result` of the call, unchecked: parse it with `rpc-answers.ts`. Rejects with RpcError or WrongChainError. */
  request(method: string, params: readonly unknown[]): Promise<unknown>;
};

export type Endpoint = Rpc & {
  /** Host and redacted path, for messages. */
  name: string;
};

export type EndpointOptions = {
  url: string;
  chainId: number;
  timeoutMs: number;
  /** Longer answers are cut off and count as failed; bounds memory. */
  maxBodyBytes: number;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const readBounded = async (response: Response, maxBytes: number, name: string): Promise<string> => {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).byteLength;
    if (size > maxBytes)
      throw new RpcError("http", `${name}: answer too large (over ${maxBytes} bytes)`, { code: 413 });
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  return text + decoder.decode();
};

/** Servers put revert data at different depths. */
const revertData = (value: unknown, depth = 0): Hex | undefined => {
  if (isHex(value)) return value;
  if (!isObject(value) || depth > 2) return undefined;
  return revertData(value.data, depth + 1) ?? revertData(value.originalError, depth + 1);
};

const answerError = (name: string, method: string, error: Record<string, unknown>): RpcError => {
  const message = typeof error.message === "string" ? error.message.slice(0, 500) : "no message";
  const data = revertData(error.data);
  return new RpcError("answer", `${name}: ${method}: ${message}`, {
    code: typeof error.code === "number" ? error.code : 0,
    ...(data === undefined ? {} : { data }),
  });
};

/** The `result` of a response body, or the RpcError that it stands for. */
const parseBody = (name: string, method: string, text: string, status: number, id: number): unknown => {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    if (status !== 200)
      throw new RpcError("http", `${name}: ${method}: HTTP status ${status}`, { code: status, cause });
    throw new RpcError("garbage", `${name}: ${method}: the answer is not JSON`, { cause });
  }
  if (isObject(body) && isObject(body.error)) throw answerError(name, method, body.error);
  if (status !== 200) throw new RpcError("http", `${name}: ${method}: HTTP status ${status}`, { code: status });
  if (!isObject(body) || body.id !== id || !("result" in body))
    throw new RpcError("garbage", `${name}: ${method}: the answer is not a JSON-RPC response to the request`);
  return body.result;
};

const asRpcError = (name: string, method: string, error: unknown): RpcError => {
  if (error instanceof RpcError) return error;
  const isTimeout = error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
  if (isTimeout) return new RpcError("timeout", `${name}: ${method}: no answer in time`, { cause: error });
  return new RpcError("network", `${name}: ${method}: cannot be reached`, { cause: error });
};

/** User info of the URL becomes a Basic authorization header: fetch refuses it inside a URL. */
const targetOf = (text: string): { url: string; headers: Record<string, string> } => {
  const url = new URL(text);
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (url.username !== "" || url.password !== "") {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
    url.username = url.password = "";
  }
  return { url: url.href, headers };
};

/** One endpoint. `url` MUST be http or https. */
export const makeEndpoint = ({ url, chainId, timeoutMs, maxBodyBytes }: EndpointOptions): Endpoint => {
  const target = targetOf(url);
  const name = redactUrl(url);
  let lastId = 0;
  let proof: Promise<void> | undefined;

  const call = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const id = ++lastId;
    try {
      const response = await fetch(target.url, {
        method: "POST",
        headers: target.headers,
        body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
        signal: AbortSignal.timeout(timeoutMs),
        redirect: "error",
      });
      return parseBody(name, method, await readBounded(response, maxBodyBytes, name), response.status, id);
    } catch (error) {
      throw asRpcError(name, method, error);
    }
  };
  const prove = async (): Promise<void> => {
    const answer = await call("eth_chainId", []);
    if (!isHex(answer)) throw new RpcError("garbage", `${name}: eth_chainId answered no number`);
    const actual = hexToNumber(answer);
    if (actual !== chainId) throw new WrongChainError(name, chainId, actual);
  };
  const proven = (): Promise<void> => {
    proof ??= prove().catch((error: unknown) => {
      if (!(error instanceof WrongChainError)) proof = undefined; // ask again later
      throw error;
    });
    return proof;
  };
  return {
    name,
    request: async (method, params) => {
      await proven();
      return call(method, params);
    },
  };
};
