/** Speaks to one node's endpoint. What comes back is checked for its form only: whether it is true is checked by `acceptance.ts`. */
import type { Hex } from "viem";
import { z } from "zod";
import { errorLine } from "../runtime/errors.ts";
import type { Http } from "./http.ts";
import {
  acceptedSchema,
  type AttestationWithResult,
  attestationWithResultSchema,
  type CommitMessage,
  commitSchema,
  type Held,
  heldSchema,
  type ItemMessage,
  itemSchema,
  paths,
  type Refusal,
  refusalSchema,
  relayAnswerSchema,
  relaySchema,
  type SignedRequestMessage,
  signedRequestSchema,
  wireBounds,
} from "./messages.ts";
import { isWorthRetrying } from "./refusals.ts";

/** An answer of a node: what was asked for, its refusal, or none at all. */
export type PeerAnswer<T> =
  | { readonly value: T }
  | { readonly refusal: Refusal; readonly status: number; readonly canRetry: boolean }
  | { readonly failure: string };

/** What members speak about: the committee of a request is level 0, panels are above. */
export type Subject = { readonly requestId: Hex; readonly level: bigint };

export type PeerClient = {
  sendCommit(endpoint: string, message: CommitMessage, signal?: AbortSignal): Promise<PeerAnswer<true>>;
  /** The named error per commit, null where it was taken. */
  sendRelay(
    endpoint: string,
    commits: readonly CommitMessage[],
    signal?: AbortSignal,
  ): Promise<PeerAnswer<readonly (string | null)[]>>;
  sendAttestation(endpoint: string, message: AttestationWithResult, signal?: AbortSignal): Promise<PeerAnswer<true>>;
  sendSignedRequest(endpoint: string, message: SignedRequestMessage, signal?: AbortSignal): Promise<PeerAnswer<true>>;
  held(endpoint: string, subject: Subject, signal?: AbortSignal): Promise<PeerAnswer<Held>>;
  item(endpoint: string, requestId: Hex, index: bigint, signal?: AbortSignal): Promise<PeerAnswer<ItemMessage>>;
  /** Raw bytes; the caller checks them against the digest. */
  input(endpoint: string, digest: Hex, signal?: AbortSignal): Promise<PeerAnswer<Uint8Array>>;
};

export type PeerClientDeps = {
  readonly http: Pick<Http, "request">;
  readonly timeoutMs?: number;
  readonly inputTimeoutMs?: number;
};

type Ask = { readonly path: string; readonly json?: string; readonly maxBytes: number; readonly timeoutMs?: number };

/** Makes a client; its methods never reject, except with the reason of `signal`. */
export const makePeerClient = ({ http, timeoutMs = 3_000, inputTimeoutMs = 30_000 }: PeerClientDeps): PeerClient => {
  const ask = async <T>(
    endpoint: string,
    { path, ...rest }: Ask,
    read: (body: Uint8Array) => T,
    signal: AbortSignal | undefined,
  ): Promise<PeerAnswer<T>> => {
    try {
      const url = `${endpoint.replace(/\/+$/, "")}${path}`;
      const { status, body } = await http.request({ url, timeoutMs, signal, ...rest });
      return status === 200 ? { value: read(body) } : refusalOf(status, body);
    } catch (error) {
      signal?.throwIfAborted();
      return { failure: errorLine(error) };
    }
  };
  const small = wireBounds.refusalBody;
  const post = (path: string, schema: z.ZodType, message: unknown): Ask => ({
    path,
    json: JSON.stringify(z.encode(schema, message)),
    maxBytes: small,
  });
  const accepted = (body: Uint8Array): true => parse(acceptedSchema, body).accepted;

  return {
    sendCommit: (endpoint, message, signal) =>
      ask(endpoint, post(paths.commits, commitSchema, message), accepted, signal),
    sendRelay: (endpoint, commits, signal) =>
      ask(
        endpoint,
        post(paths.relay, relaySchema, { commits }),
        (body) => parse(relayAnswerSchema, body).errors,
        signal,
      ),
    sendAttestation: (endpoint, message, signal) =>
      ask(endpoint, post(paths.attestations, attestationWithResultSchema, message), accepted, signal),
    sendSignedRequest: (endpoint, message, signal) =>
      ask(endpoint, post(paths.signedRequests, signedRequestSchema, message), accepted, signal),
    held: (endpoint, { requestId, level }, signal) =>
      ask(
        endpoint,
        { path: paths.request(requestId, level), maxBytes: wireBounds.heldBody },
        (body) => parse(heldSchema, body),
        signal,
      ),
    item: (endpoint, requestId, index, signal) =>
      ask(
        endpoint,
        { path: paths.item(requestId, index), maxBytes: wireBounds.itemBody },
        (body) => parse(itemSchema, body),
        signal,
      ),
    input: (endpoint, digest, signal) =>
      ask(
        endpoint,
        { path: paths.input(digest), maxBytes: wireBounds.inputBody, timeoutMs: inputTimeoutMs },
        (body) => body,
        signal,
      ),
  };
};

function parse<T extends z.ZodType>(schema: T, body: Uint8Array): z.output<T> {
  return schema.parse(JSON.parse(new TextDecoder().decode(body)));
}

function refusalOf(status: number, body: Uint8Array): PeerAnswer<never> {
  const refusal = readRefusal(body) ?? { error: "UnnamedError", message: `HTTP status ${status}` };
  return { refusal, status, canRetry: isWorthRetrying(status, refusal.error) };
}

function readRefusal(body: Uint8Array): Refusal | undefined {
  try {
    return parse(refusalSchema, body);
  } catch {
    return undefined; // not one of ours: the status says what there is to know
  }
}
