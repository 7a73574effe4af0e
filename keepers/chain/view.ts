import type { Address, Hex } from "viem";
import type { Snapshot } from "../../sdk/committee/snapshot.ts";
import type { RequestFields, RequestWords } from "../../sdk/words/request.ts";

/** Where a request stands on chain, as far as its events say. */
export type RequestState = "open" | "recorded" | "settled" | "refunded";

/** A request as the chain announced it, with what has become of it. */
export type ChainRequest = {
  readonly requestId: Hex;
  readonly words: RequestWords;
  readonly fields: RequestFields;
  /** The input, or the URI of it where the flags say so; nothing for a signed request. */
  readonly data: Hex;
  /** The requester's, of a request that was signed off chain and is first shown when it settles. */
  readonly signature?: Hex;
  readonly blockNumber: bigint;
  readonly state: RequestState;
  /** Set once recorded or settled: who settled, and the transaction's calldata holds the rest. */
  readonly outcome?: {
    readonly digest: Hex;
    readonly head: bigint;
    readonly settler?: Address;
    readonly finalizeAfterS?: bigint;
    readonly transactionHash: Hex;
    /** The transaction before it, which recorded the result of a challenge window that is over. */
    readonly recordedHash?: Hex;
    readonly callbackFailed: boolean;
  };
};

/** A beacon round as the escrow stores it. */
export type ChainRound = { readonly randomness: bigint; readonly postedAtS: bigint };

export type ChainNode = {
  readonly nodeId: bigint;
  readonly owner: Address;
  readonly signer: Address;
  readonly endpoint: string;
};

export type ChainTask = {
  readonly taskId: bigint;
  readonly kind: string;
  readonly artifactDigest: Hex;
  readonly artifactUri: string;
  readonly runtimeDigest: Hex;
  readonly unitSize: bigint;
  readonly windowS: bigint;
  readonly maxOutputBytes: bigint;
  readonly deprecated: boolean;
};

/**
 * The protocol's state as one keeper sees it: a store fed by the log cursor, so that it survives restarts and follows
 * reorganisations. Reads are local except where a contract's immutable code (a snapshot) is fetched for the first time.
 */
export type ChainView = {
  /** Requests that are not settled or refunded, oldest first, and settled ones whose callback failed. */
  readonly activeRequests: () => Promise<readonly ChainRequest[]>;
  readonly request: (requestId: Hex) => Promise<ChainRequest | undefined>;
  readonly round: (round: bigint) => Promise<ChainRound | undefined>;
  readonly snapshot: (snapshotId: bigint) => Promise<Snapshot>;
  readonly node: (nodeId: bigint) => Promise<ChainNode | undefined>;
  readonly nodeOfSigner: (signer: Address) => Promise<ChainNode | undefined>;
  readonly task: (taskId: bigint) => Promise<ChainTask | undefined>;
  readonly tasks: () => Promise<readonly ChainTask[]>;
  /** Height and time of the newest block that the view has taken in. */
  readonly head: () => Promise<{ readonly blockNumber: bigint; readonly timestampS: bigint }>;
};
