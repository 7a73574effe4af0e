/**
 * A request's input: given inline, behind a URI, or from a peer that has it; always checked against the digest. That of a
 * signed request came over the network, into the cache of this node or a peer's.
 */
import { type Hex, hexToBytes, keccak256 } from "viem";
import { inputsRootOf } from "../../sdk/merkle/bundle.ts";
import { flagBundle, flagInputByUri, flagSigned, hasFlag } from "../../sdk/words/flags.ts";
import type { ChainRequest, ChainView } from "../chain/view.ts";
import type { PeerClient } from "../network/client.ts";
import type { Http } from "../network/http.ts";
import { wireBounds } from "../network/messages.ts";
import { errorLine } from "../runtime/errors.ts";
import { FetchError, fetchUri } from "./fetch.ts";
import type { BlobCache } from "./blob-cache.ts";
import { readItems } from "./bundle-document.ts";

export type InputDeps = {
  /** Guarded: the URI is the requester's. */
  readonly http: Pick<Http, "request">;
  readonly view: Pick<ChainView, "node">;
  readonly client: Pick<PeerClient, "input">;
  /** Checked inputs, which are also what peers are given. */
  readonly cache: BlobCache;
  readonly timeoutMs?: number;
};

export type Inputs = {
  /** The items' inputs, one unless the request is a bundle. Throws FetchError with all that was tried. */
  get(request: ChainRequest, peers: readonly bigint[], signal: AbortSignal): Promise<readonly Uint8Array[]>;
};

/** The items in a document that belongs to the request. Throws FetchError where it does not. */
export const readInput = ({ fields }: Pick<ChainRequest, "fields">, document: Uint8Array): readonly Uint8Array[] => {
  const { flags, inputDigest, items } = fields;
  if (!hasFlag(flags, flagBundle)) {
    if (keccak256(document) === inputDigest.toLowerCase()) return [document];
    throw new FetchError(`the input's keccak256 is not ${inputDigest}`);
  }
  const inputs = readItems(document, items);
  if (inputsRootOf(inputs) !== inputDigest.toLowerCase())
    throw new FetchError(`the root of the bundle's inputs is not ${inputDigest}`);
  return inputs;
};

/** Makes the source of inputs. */
export const makeInputs = ({ http, view, client, cache, timeoutMs = 30_000 }: InputDeps): Inputs => {
  const fromCache = async (request: ChainRequest): Promise<readonly Uint8Array[] | undefined> => {
    const document = await cache.get(request.fields.inputDigest);
    try {
      return document === undefined ? undefined : readInput(request, document);
    } catch {
      return undefined; // damaged on disk: fetch it again
    }
  };

  const fromUri = (request: ChainRequest, signal: AbortSignal): Promise<Uint8Array> => {
    const uri = new TextDecoder().decode(hexToBytes(request.data));
    return fetchUri(http, uri, { maxBytes: wireBounds.inputBody, timeoutMs, signal });
  };

  const fromPeer = async ({ fields }: ChainRequest, nodeId: bigint, signal: AbortSignal): Promise<Uint8Array> => {
    const endpoint = (await view.node(nodeId))?.endpoint;
    if (endpoint === undefined) throw new FetchError("its endpoint is not known");
    const answer = await client.input(endpoint, fields.inputDigest.toLowerCase() as Hex, signal);
    if ("value" in answer) return answer.value;
    throw new FetchError("refusal" in answer ? answer.refusal.error : answer.failure);
  };

  const get: Inputs["get"] = async (request, peers, signal) => {
    const { flags, inputDigest } = request.fields;
    const [isByUri, isSigned] = [hasFlag(flags, flagInputByUri), hasFlag(flags, flagSigned)];
    if (!isByUri && !isSigned) return readInput(request, hexToBytes(request.data));
    const kept = await fromCache(request);
    if (kept !== undefined) return kept;
    const sources: readonly (readonly [string, () => Promise<Uint8Array>])[] = [
      ...(isByUri ? [["its URI", () => fromUri(request, signal)] as const] : []),
      ...peers.map((nodeId) => [`node ${nodeId}`, () => fromPeer(request, nodeId, signal)] as const),
    ];
    const failures: string[] = [];
    for (const [name, source] of sources) {
      signal.throwIfAborted();
      try {
        const document = await source();
        const items = readInput(request, document);
        await cache.put(inputDigest, document);
        return items;
      } catch (error) {
        signal.throwIfAborted();
        failures.push(`${name}: ${errorLine(error)}`);
      }
    }
    throw new FetchError(`the input could not be had from ${failures.join("; ")}`);
  };

  return { get };
};
