/**
 * What nodes say to each other over HTTP, as JSON. Hex is lower case, numbers of up to 32 bits are JSON numbers, larger
 * ones decimal text; every list and string is bounded. `z.decode` turns a body into these types, `z.encode` back.
 *
 * - `POST /v1/commits`            a `Commit`; 200 `{ "accepted": true }`
 * - `POST /v1/commits/relay`      a `Relay`: commits of one request, anybody's; 200 `RelayAnswer`
 * - `POST /v1/attestations`       an `AttestationWithResult`; 200 `{ "accepted": true }`
 * - `GET /v1/requests/:id`        `Held`: all that this node holds for a request, of its committee
 * - `GET /v1/requests/:id/levels/:level`  the same of a panel, level 1 or 2
 * - `GET /v1/requests/:id/items/:index`  `Item`: output and proof of one item, once this node has attested; index 0 of a
 *   request that is no bundle gives its whole output, however long
 * - `GET /v1/inputs/:digest`      raw bytes of an input that this node has fetched and checked
 *
 * Where signed requests are taken (`lambdas.enabled`):
 *
 * - `POST /v1/signed-requests`    a `SignedRequestMessage`, with the input from whoever asks and for members, without it
 *   as an announcement; 200 `{ "accepted": true }`
 * - `POST /v1/lambdas/:taskId`    a `LambdaMessage`; 200 `LambdaAnswer`, or 202 `LambdaWaiting` when there is none in time
 * - `GET /v1/lambdas/requests/:id`  the same answers, at once
 *
 * Any other answer is a `Refusal` with the name of an error and a sentence that says what to do.
 */
import type { Hex } from "viem";
import { z } from "zod";
import { toWord } from "../../sdk/words/hex.ts";

/** Bounds of the wire, in bytes unless said otherwise. */
export const wireBounds = {
  commitBody: 1_024,
  relayBody: 32_768,
  attestationBody: 65_536,
  heldBody: 4 * 1024 * 1024,
  itemBody: 4 * 1024 * 1024,
  inputBody: 16 * 1024 * 1024,
  refusalBody: 4_096,
  /** Longest input of a signed request that any node takes. */
  signedInput: 256 * 1024,
  /** What a signed request takes besides its input, which is hex. */
  signedWords: 2_048,
  /** Signatures, salts and leaves of a whole committee. */
  receiptProof: 21 * 80,
  /** Largest output that goes on chain whole. */
  output: 16_384,
  /** Longest output at all. */
  longOutput: 1024 * 1024,
  /** Members of a committee or panel, not bytes. */
  members: 63,
  /** Siblings in the proof of an item, not bytes. */
  proof: 32,
} as const;

const hexText = /^0x(?:[0-9a-f]{2})*$/;
const decimal = /^(?:0|[1-9][0-9]{0,19})$/;

const hexOf = (bytes: number) =>
  z.custom<Hex>((value) => isHex(value) && value.length === 2 + 2 * bytes, `expected ${bytes} bytes of lower-case hex`);
const hexUpTo = (bytes: number) =>
  z.custom<Hex>(
    (value) => isHex(value) && value.length <= 2 + 2 * bytes,
    `expected at most ${bytes} bytes of lower-case hex`,
  );

function isHex(value: unknown): value is Hex {
  return typeof value === "string" && hexText.test(value);
}

/** A JSON number, which is a bigint in the program. */
const small = (most: number) =>
  z.codec(z.int().min(0).max(most), z.bigint(), { decode: (value) => BigInt(value), encode: (value) => Number(value) });

/** Up to 64 bits as decimal text, which is a bigint in the program. */
const word64 = z.codec(z.string().regex(decimal, "expected a decimal number"), z.bigint().max(2n ** 64n - 1n), {
  decode: (value) => BigInt(value),
  encode: (value) => value.toString(),
});

const uint32 = 2 ** 32 - 1;
const bytes32 = hexOf(32);
const signature = hexOf(64);

const subject = { requestId: bytes32, level: small(255), nodeId: small(uint32) };

/** A member's signed leaf. `signature` is the compact EIP-712 signature of `Commit(requestId, level, leaf)`. */
export const commitSchema = z.strictObject({ ...subject, leaf: bytes32, signature });
export type CommitMessage = z.output<typeof commitSchema>;

/** Commits that the sender holds, of one request or several. */
export const relaySchema = z.strictObject({ commits: z.array(commitSchema).min(1).max(wireBounds.members) });

/** Named error per commit of a relay, in its order; null where the commit was taken or known before. */
export const relayAnswerSchema = z.strictObject({ errors: z.array(z.string().max(64).nullable()) });

/**
 * A member's signed digest, with which it reveals its salt. `committed` is the bitmap of members in draw order whose
 * leaves it saw before, `leaves` are these leaves in draw order, and keccak256 of their concatenation is `commitRoot`.
 */
export const attestationSchema = z.strictObject({
  ...subject,
  digest: bytes32,
  committed: word64,
  commitRoot: bytes32,
  salt: hexOf(16),
  leaves: z.array(bytes32).min(1).max(wireBounds.members),
  signature,
});
export type AttestationMessage = z.output<typeof attestationSchema>;

/**
 * What stands behind a digest, in the form in which a settlement shows it: `output` is the output (status 0), its
 * keccak256 (status 1, for outputs beyond the task's maxOutput), empty (a failure), or the root, with status and usage 0
 * (a bundle).
 */
const resultFields = { status: small(255), usage: word64, output: hexUpTo(wireBounds.output) };
export const resultSchema = z.strictObject({ digest: bytes32, ...resultFields });
export type ResultMessage = z.output<typeof resultSchema>;

export const attestationWithResultSchema = z.strictObject({
  ...attestationSchema.shape,
  result: z.strictObject(resultFields),
});
export type AttestationWithResult = z.output<typeof attestationWithResultSchema>;

/** Everything a node holds for a request. Two leaves of one node are both listed: they are evidence, and void both. */
export const heldSchema = z.strictObject({
  requestId: bytes32,
  commits: z.array(commitSchema).max(2 * wireBounds.members),
  attestations: z.array(attestationSchema).max(4 * wireBounds.members),
  results: z.array(resultSchema).max(4 * wireBounds.members),
});
export type Held = z.output<typeof heldSchema>;

/** One item of a bundle: `proof` leads from its digest to the bundle's. */
export const itemSchema = z.strictObject({
  index: small(uint32),
  status: small(255),
  usage: word64,
  output: hexUpTo(wireBounds.longOutput),
  proof: z.array(bytes32).max(wireBounds.proof),
});
export type ItemMessage = z.output<typeof itemSchema>;

/** 256 bits as 32 bytes of hex, which are a bigint in the program. */
const word256 = z.codec(hexOf(32), z.bigint(), { decode: (value) => BigInt(value), encode: (value) => toWord(value) });

const requestWordsSchema = z.strictObject({
  ...{ origin: word256, work: word256, rules: word256, terms: word256 },
  inputDigest: bytes32,
});
const signed = { request: requestWordsSchema, signature };

/** A request with its requester's signature, before the chain has heard of it. */
export const signedRequestSchema = z.strictObject({ ...signed, input: hexUpTo(wireBounds.signedInput).optional() });
export type SignedRequestMessage = z.output<typeof signedRequestSchema>;

/** The same from somebody who waits for the answer, at most `timeoutMs`. */
export const lambdaSchema = z.strictObject({
  ...signed,
  input: hexUpTo(wireBounds.signedInput),
  timeoutMs: z.int().min(0).max(3_600_000).optional(),
});
export type LambdaMessage = z.output<typeof lambdaSchema>;

/** What shows that a committee agreed; see `verifyReceipt` of the sdk. */
const receiptSchema = z.strictObject({
  ...signed,
  head: word256,
  proof: hexUpTo(wireBounds.receiptProof),
  output: hexUpTo(wireBounds.output),
});

/** An answer on which a quorum agrees. `output` is the whole of it, however long. */
export const lambdaAnswerSchema = z.strictObject({
  requestId: bytes32,
  state: z.enum(["agreed", "settled"]),
  ...{ status: small(255), usage: word64, output: hexUpTo(wireBounds.longOutput), digest: bytes32 },
  receipt: receiptSchema,
  transactionHash: bytes32.nullable(),
});
export type LambdaAnswer = z.output<typeof lambdaAnswerSchema>;

/** Where a request stands that has no answer yet. */
export const lambdaWaitingSchema = z.strictObject({
  requestId: bytes32,
  state: z.literal("waiting"),
  for: z.enum(["round", "agreement", "output"]),
});
export type LambdaWaiting = z.output<typeof lambdaWaitingSchema>;

export const acceptedSchema = z.strictObject({ accepted: z.literal(true) });

/** Why a message was refused, and what to do. */
export const refusalSchema = z.object({ error: z.string().max(64), message: z.string().max(2_000) });
export type Refusal = z.output<typeof refusalSchema>;

/** Paths of the endpoints below a node's base URL. */
export const paths = {
  commits: "/v1/commits",
  relay: "/v1/commits/relay",
  attestations: "/v1/attestations",
  signedRequests: "/v1/signed-requests",
  lambda: (taskId: bigint): string => `/v1/lambdas/${taskId}`,
  lambdaRequest: (requestId: Hex): string => `/v1/lambdas/requests/${requestId}`,
  request: (requestId: Hex, level = 0n): string => `/v1/requests/${requestId}${level === 0n ? "" : `/levels/${level}`}`,
  item: (requestId: Hex, index: bigint): string => `/v1/requests/${requestId}/items/${index}`,
  input: (digest: Hex): string => `/v1/inputs/${digest}`,
} as const;
