import { type Address, type Hex, keccak256, size, slice } from "viem";
import { countBits, hasBit, isSubset } from "../committee/bitmap.ts";
import { draw } from "../committee/draw.ts";
import { seedOf } from "../committee/seed.ts";
import { decodeSnapshot, type Member } from "../committee/snapshot.ts";
import { decodeHead, type HeadFields, proofLength, signedProofBytes, statusSuccessByHash } from "../words/head.ts";
import { requestIdOf, type Instance } from "../words/request-id.ts";
import { decodeRequest, type RequestFields } from "../words/request.ts";
import { attestationHash } from "./attestation.ts";
import { commitRootOf } from "./commit-root.ts";
import { leafOf } from "./leaf.ts";
import { recoverSigner } from "./recover.ts";
import { settlementDigest } from "./settlement-digest.ts";
import type { Settlement } from "./settlement.ts";
import { signedRequestHash } from "./signed-request.ts";

/** What shows that a committee agreed on an answer: all that settles a signed request, its requester's signature included. */
export type Receipt = Settlement & { readonly signature: Hex };

/** What the reader of a receipt knows by itself: from the chain, or kept from an earlier look. */
export type ReceiptFacts = Instance & {
  /** Code of the snapshot that the request names: at `snapshotAddress(taskRegistry, snapshotId)`. */
  readonly snapshot: Hex;
  /** Randomness of the request's round, as the escrow keeps it. */
  readonly randomness: bigint;
  /** Keys whose signatures count for a node. */
  readonly signersOf: (nodeId: bigint) => readonly Address[];
  /** The whole output, which the receipt holds itself unless it was too long for the chain. */
  readonly output: Hex;
};

export type ReceiptProblem =
  | "InvalidRequesterSignature"
  | "InvalidQuorum"
  | "OtherSnapshot"
  | "CommitteeIncomplete"
  | "InvalidBitmaps"
  | "QuorumNotReached"
  | "InvalidProofLength"
  | "InvalidOutput"
  | "WrongSigner"
  | "OtherOutput";

/** What a good receipt says. `members` are in draw order. */
export type ReceiptVerdict =
  | {
      readonly isGood: true;
      readonly requestId: Hex;
      readonly digest: Hex;
      readonly status: bigint;
      readonly usage: bigint;
      readonly members: readonly (Member & { readonly attested: boolean })[];
    }
  | { readonly isGood: false; readonly problem: ReceiptProblem };

type Head = Pick<HeadFields, "committed" | "attested">;
const bad = (problem: ReceiptProblem) => ({ isGood: false, problem }) as const;
/** Bits of a head; what lies above must be clear. */
const headBits = 136n;

/**
 * Whether a quorum of the committee that was drawn attested this output, all of them having committed to it before. Pure:
 * asks nobody. Checks the requester's signature over the words; that the quorum is a majority of k; that the snapshot is of the
 * task; the draw out of it by the randomness; bitmaps, length of the proof, commits and signatures of members; and that the
 * output is the one that the digest holds.
 *
 * A good receipt may still not settle. Unlike `settleSigned` this does not check: flags and fields that must be zero; that
 * the round is the first after the beacon delay, and was posted in time; that terms and parameters are in force, that the
 * snapshot is fresh and the pool large enough; the deadline; nonce and purse.
 *
 * Warning: facts are taken as they are given, also that snapshot and randomness are those that the words name. Whoever
 * signed the request could have waited for a committee of its liking, so a receipt convinces its requester and nobody else.
 * Throws InvalidValueError for what is no hex, and for a snapshot that cannot be read.
 */
export function verifyReceipt(receipt: Receipt, facts: ReceiptFacts): ReceiptVerdict {
  const requestId = requestIdOf(facts, receipt.request);
  const fields = decodeRequest(receipt.request);
  if (!isSigned(receipt, facts, fields)) return bad("InvalidRequesterSignature");
  const { k, quorum, maxAsk } = fields;
  if (2n * quorum <= k || quorum > k) return bad("InvalidQuorum");
  const { header, entries } = decodeSnapshot(facts.snapshot);
  if (header.id !== fields.taskId) return bad("OtherSnapshot");
  const members = draw({ snapshot: { entries }, seed: seedOf(facts.randomness, requestId, 0n), k, maxAsk });
  if (BigInt(members.length) < k) return bad("CommitteeIncomplete");
  const head = decodeHead(BigInt.asUintN(Number(headBits), receipt.head));
  const malformed = checkHead(receipt, head, fields, members.length);
  if (malformed !== undefined) return bad(malformed);
  const digest = settlementDigest(fields, { ...head, output: receipt.output });
  if (digest === undefined) return bad("InvalidOutput");
  if (!areSigners(facts, { requestId, digest, members, head, proof: receipt.proof })) return bad("WrongSigner");
  const shown = head.status === statusSuccessByHash ? keccak256(facts.output) : facts.output;
  if (shown.toLowerCase() !== receipt.output.toLowerCase()) return bad("OtherOutput");
  const seats = members.map((member, seat) => ({ ...member, attested: hasBit(head.attested, seat) }));
  return { isGood: true, requestId, digest, status: head.status, usage: head.usage, members: seats };
}

function isSigned(
  { request, signature }: Receipt,
  { chainId, escrow }: Instance,
  { requester }: RequestFields,
): boolean {
  return recoverSigner(signedRequestHash(chainId, escrow, request), signature) === requester;
}

function checkHead(
  { head: word, proof }: Receipt,
  head: Head,
  { quorum }: RequestFields,
  seats: number,
): ReceiptProblem | undefined {
  const isWhole = word >> headBits === 0n && head.committed >> BigInt(seats) === 0n;
  if (!isWhole || !isSubset(head.attested, head.committed)) return "InvalidBitmaps";
  if (countBits(head.attested) < quorum) return "QuorumNotReached";
  return BigInt(size(proof)) === proofLength(head) ? undefined : "InvalidProofLength";
}

type Shown = {
  readonly requestId: Hex;
  readonly digest: Hex;
  readonly members: readonly Member[];
  readonly head: Head;
  readonly proof: Hex;
};
/** A member that committed: its leaf, and its signature where it attested too. */
type Seat = { readonly nodeId: bigint; readonly leaf: Hex; readonly signature?: Hex };

function areSigners({ chainId, escrow, signersOf }: ReceiptFacts, shown: Shown): boolean {
  const { requestId, digest, head } = shown;
  const seats = seatsOf(shown);
  const commitRoot = commitRootOf(seats.map(({ leaf }) => leaf));
  const words = { requestId, level: 0n, digest, committed: head.committed, commitRoot };
  const hash = attestationHash(chainId, escrow, words);
  return seats.every(({ nodeId, signature }) => {
    const signer = signature === undefined ? undefined : recoverSigner(hash, signature);
    return signature === undefined || (signer !== undefined && signersOf(nodeId).includes(signer));
  });
}

/** Takes the proof apart, whose length fits the bitmaps. */
function seatsOf({ requestId, digest, members, head, proof }: Shown): readonly Seat[] {
  const seats: Seat[] = [];
  let at = 0;
  for (const [seat, { nodeId }] of members.entries()) {
    if (!hasBit(head.committed, seat)) continue;
    if (hasBit(head.attested, seat)) {
      const salt = slice(proof, at + 64, at + 80);
      const leaf = leafOf({ requestId, level: 0n, digest, nodeId, salt });
      seats.push({ nodeId, leaf, signature: slice(proof, at, at + 64) });
      at += Number(signedProofBytes);
    } else {
      seats.push({ nodeId, leaf: slice(proof, at, at + 32) });
      at += 32;
    }
  }
  return seats;
}
