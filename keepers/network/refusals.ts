/** Why a node refuses a message: a name, an HTTP status, and a sentence that says what to do. */
import type { Refusal } from "./messages.ts";

const table = {
  MalformedMessage: [400, "The body is not what this endpoint takes; correct it before sending it again"],
  BodyTooLarge: [413, "The body is longer than this endpoint takes; send only the fields of the message"],
  UnknownPath: [404, "There is nothing here; see the endpoints of the committee network"],
  TooManyRequests: [429, "Too many messages; wait a second, then send more slowly"],
  RequestUnknown: [404, "This node has not seen such a request on its chain yet; retry later"],
  RoundUnknown: [425, "The request's beacon round is not posted yet, so there is no committee; retry later"],
  RoundRefused: [410, "The request's round was posted at a wrong time; the request will be refunded, do nothing"],
  CommitteeIncomplete: [410, "The draw found too few nodes; the request will be refunded, do nothing"],
  UnknownLevel: [
    425,
    "No panel of this level is known here: no dispute was opened, or this node has not seen it yet; retry later",
  ],
  NotMember: [403, "This node was not drawn for the request; only members' messages count"],
  WrongSigner: [403, "The signature is not of the node's registered signer over these words; sign with that key"],
  CommitTooLate: [
    410,
    "Commits count only until the end of the task's window; this one does not, do not send it again",
  ],
  TwoLeaves: [409, "The node signed two different leaves; both are void and kept as evidence"],
  InvalidBitmap: [400, "The bitmap must name members only, the sender among them, with one leaf for each"],
  CommitRootMismatch: [400, "The root is not that of the leaves; compute it from the leaves in draw order"],
  ResultMismatch: [400, "The result does not give the digest; send status, usage and output as they were executed"],
  LeafMismatch: [
    403,
    "The salt does not open the leaf that the node committed to with this digest; only who committed to a digest may attest it",
  ],
  TwoDigests: [409, "The node attested two different digests; both are kept as evidence"],
  TooManyAttestations: [409, "The node has attested this request often enough; a second root is signed at most once"],
  RequestOver: [410, "The request is settled, refunded or past its deadline; do nothing"],
  NothingHeld: [404, "This node does not hold that; ask another one"],
  NotOffered: [404, "This node takes no signed requests; ask another one, or its operator to set lambdas.enabled"],
  InvalidSignedRequest: [
    400,
    "The words are not of a signed request that nodes take: one input, flags signed and perhaps accept no panel, everything else zero",
  ],
  WrongRequester: [403, "The signature is not the requester's over these words for this escrow; sign with that key"],
  RoundPassed: [
    410,
    "The request's beacon round was public before this node heard of it; sign it anew and send it at once",
  ],
  RoundFarOff: [400, "The request's beacon round is too far off; sign it for the first round after the beacon delay"],
  TaskUnknown: [404, "This node knows no such task; see that the id is right, or retry once it is registered"],
  TaskNotServed: [409, "This node does not compute such tasks; ask one that does"],
  WrongTask: [400, "The request's words name another task than the path; send it to the path of its own task"],
  InputTooLong: [413, "The input is longer than this node takes with a signed request; ask on chain, by URI"],
  InputMismatch: [400, "The input's keccak256 is not the request's input digest; send what was signed"],
  NonceTaken: [
    409,
    "The requester signed another request with this nonce, which is still open; sign with a fresh nonce",
  ],
  NonceUsed: [409, "The nonce was paid for already; sign with a fresh one"],
  RequesterBarred: [
    403,
    "The requester signed two requests with one nonce, or announced one without its input; wait ten minutes",
  ],
  PurseTooSmall: [402, "The purse does not pay for this besides what else is open; lock more in it, or wait"],
  PurseUnlocksEarly: [402, "The purse can be emptied before the request ends; lock it for longer"],
  TipTooLow: [402, "The tip is below the escrow's floor, so nobody would settle; sign anew with a higher one"],
  PoolTooDear: [409, "Too few nodes of the pool ask so little; sign anew with a higher maxAsk"],
  TooManyOpen: [429, "Too many signed requests are open; retry when some have settled"],
  NotSettleable: [409, "The escrow would not settle this; correct it and sign it anew"],
  Unavailable: [503, "This node cannot check the message now; retry later"],
} as const satisfies Readonly<Record<string, readonly [status: number, message: string]>>;

export type RefusalName = keyof typeof table;
/** A refusal with one of this program's names. */
export type Refused = Refusal & { readonly error: RefusalName };

/** Whether the message was taken (`isNew`: seen for the first time) or refused. */
export type Verdict = { readonly isNew: boolean } | { readonly refused: Refused };

/** The refusal of this name; `detail` says what exactly was found. */
export const refuse = (error: RefusalName, detail?: string): Refused => ({
  error,
  message: detail === undefined ? `${table[error][1]}.` : `${table[error][1]} (${detail.slice(0, 300)}).`,
});

/** The HTTP status of a refusal. */
export const statusOf = (error: RefusalName) => table[error][0];

/** All names, for metrics. */
export const refusalNames = Object.keys(table) as readonly RefusalName[];

/** Whether sending the same message again can help, by status and name of the refusal. */
export const isWorthRetrying = (status: number, error: string): boolean =>
  status === 425 || status === 429 || status >= 500 || error === ("RequestUnknown" satisfies RefusalName);
