/** Signed requests that this node has heard of, over restarts, bounded in number; what became of them is the chain view's. */
import type { Address, Hex } from "viem";
import { purseOf } from "../../sdk/client/time-lock.ts";
import { decodeRequest, type RequestFields, type RequestWords } from "../../sdk/words/request.ts";
import type { RequestCore } from "../chain/requests.ts";
import { bigintOf, numberOf, optional, type Row, type Store, textOf, type Tx } from "../runtime/store.ts";
import { creditMs, isOnCredit } from "./over.ts";

export type SignedRequestEntry = {
  readonly requestId: Hex;
  readonly words: RequestWords;
  readonly fields: RequestFields;
  readonly signature: Hex;
  /** The most that it takes from its purse, token units. */
  readonly lock: bigint;
  /** Height of the chain as this node saw it when it heard of the request. */
  readonly height: bigint;
  /** Last second in which it can settle, unless its round is very late. */
  readonly endsAtS: bigint;
  readonly heardMs: number;
  /** Whether whoever asked gave the input to this node, which then passes it on. */
  readonly hasInput: boolean;
};

export type KnownSignedRequest = SignedRequestEntry & {
  readonly settled: { readonly transactionHash: Hex; readonly digest: Hex; readonly head: bigint } | undefined;
  /** Why nothing more is done about it. */
  readonly ended: string | undefined;
};

/** `amount`: what the purse holds. The others bound what is open at a time. */
export type SignedBounds = {
  readonly amount: bigint;
  readonly maxOpen: number;
  readonly maxOpenPerRequester: number;
};
/** `twin`: another open request of the requester has this nonce. */
export type SignedAdded =
  "added" | "known" | "tooMany" | "tooManyUnpaid" | "purseTooSmall" | { readonly twin: KnownSignedRequest };

export type SignedStore = {
  /** Adds a checked request, if what else is open leaves room for it and money in its purse. */
  add(entry: SignedRequestEntry, bounds: SignedBounds, nowS: bigint): Promise<SignedAdded>;
  load(requestId: Hex): Promise<KnownSignedRequest | undefined>;
  /** The open request with this nonce, if there is one. */
  byNonce(requester: Address, nonce: bigint, nowS: bigint): Promise<KnownSignedRequest | undefined>;
  /** Those that can still settle, in the order in which they were heard. */
  open(nowS: bigint): Promise<readonly KnownSignedRequest[]>;
  /** Notes that whoever asked gave the input here. False where too many rounds of its requester are unpaid; nothing is noted then. */
  noteInput(known: KnownSignedRequest, nowMs: number): Promise<boolean>;
  end(requestId: Hex, why: string): Promise<void>;
  /** Forgets what could settle until before this second only. */
  prune(beforeS: bigint): Promise<void>;
};

const from =
  "SELECT r.*, s.tx AS settled_tx, s.digest AS settled_digest, s.head AS settled_head FROM signed_requests r " +
  "LEFT JOIN chain_signed s ON s.request_id = r.request_id";
const isOpen = "r.ended IS NULL AND s.request_id IS NULL AND r.ends_s >= ?";
const most = 100_000;

const hexOf = (row: Row, column: string): Hex => textOf(row, column) as Hex; // written by this file and the chain view

const settledOf = (row: Row): KnownSignedRequest["settled"] => {
  const transactionHash = optional(hexOf, row, "settled_tx");
  if (transactionHash === undefined) return undefined;
  return { transactionHash, digest: hexOf(row, "settled_digest"), head: bigintOf(row, "settled_head") };
};

const entryOf = (row: Row): KnownSignedRequest => {
  const [origin, work, rules, terms] = ["origin", "work", "rules", "terms"].map((name) => bigintOf(row, name)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const words = { origin, work, rules, terms, inputDigest: hexOf(row, "input_digest") };
  return {
    ...{ requestId: hexOf(row, "request_id"), words, fields: decodeRequest(words) },
    ...{ signature: hexOf(row, "signature"), lock: bigintOf(row, "lock"), height: bigintOf(row, "height") },
    ...{ endsAtS: bigintOf(row, "ends_s"), heardMs: numberOf(row, "heard_ms") },
    ...{ hasInput: numberOf(row, "has_input") === 1, settled: settledOf(row), ended: optional(textOf, row, "ended") },
  };
};

const insert = (tx: Tx, entry: SignedRequestEntry): Promise<number> => {
  const { requestId, words, fields, signature, lock, height, endsAtS, heardMs, hasInput } = entry;
  const wordTexts = [words.origin, words.work, words.rules, words.terms].map(String);
  return tx.run(
    "INSERT INTO signed_requests (request_id, requester, nonce, origin, work, rules, terms, input_digest, signature, lock, " +
      "height, ends_s, heard_ms, has_input) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [
      ...[requestId, fields.requester.toLowerCase(), fields.sequence, ...wordTexts, words.inputDigest],
      ...[signature, lock.toString(), height, endsAtS, heardMs, hasInput ? 1 : 0],
    ],
  );
};

const openOf = async (tx: Tx, requester: Address, nowS: bigint): Promise<readonly KnownSignedRequest[]> =>
  (await tx.all(`${from} WHERE ${isOpen} AND r.requester = ? LIMIT ${most}`, [nowS, requester.toLowerCase()])).map(
    entryOf,
  );

/** Part of what may be open that announcements take whose input is not here: those who give theirs find room beside them. */
const announcedPart = 4;

/** Whether there is room for another one, with its input or without. */
const hasRoom = async (tx: Tx, { hasInput }: SignedRequestEntry, maxOpen: number, nowS: bigint): Promise<boolean> => {
  const sql =
    "SELECT COUNT(*) AS total, COALESCE(SUM(1 - r.has_input), 0) AS announced FROM signed_requests r " +
    `LEFT JOIN chain_signed s ON s.request_id = r.request_id WHERE ${isOpen}`;
  const [row] = await tx.all(sql, [nowS]);
  if (row === undefined || numberOf(row, "total") >= maxOpen) return false;
  return hasInput || numberOf(row, "announced") < Math.max(1, Math.floor(maxOpen / announcedPart));
};

/** Whether this node may post its round too, for a requester of whom so much is unpaid. */
const isOnCreditHere = async (tx: Tx, { fields }: SignedRequestEntry, nowMs: number): Promise<boolean> => {
  const sql = `${from} WHERE r.has_input = 1 AND s.request_id IS NULL AND r.requester = ? AND r.heard_ms > ? LIMIT ${most}`;
  const unpaid = await tx.all(sql, [fields.requester.toLowerCase(), nowMs - creditMs]);
  return isOnCredit(unpaid.map(entryOf), fields.round);
};

/** Whether the purse pays for all that is open on it, this one included. */
const isCovered = (
  { fields, lock }: SignedRequestEntry,
  others: readonly SignedRequestEntry[],
  amount: bigint,
): boolean =>
  others
    .filter((one) => purseOf(one.fields.sequence) === purseOf(fields.sequence))
    .reduce((sum, one) => sum + one.lock, lock) <= amount;

const add = async (tx: Tx, entry: SignedRequestEntry, bounds: SignedBounds, nowS: bigint): Promise<SignedAdded> => {
  const { requestId, fields } = entry;
  const [known] = await tx.all("SELECT 1 FROM signed_requests WHERE request_id = ?", [requestId]);
  if (known !== undefined) return "known";
  const others = await openOf(tx, fields.requester, nowS);
  const twin = others.find((one) => one.fields.sequence === fields.sequence);
  if (twin !== undefined) return { twin };
  if (others.length >= bounds.maxOpenPerRequester || !(await hasRoom(tx, entry, bounds.maxOpen, nowS)))
    return "tooMany";
  if (entry.hasInput && !(await isOnCreditHere(tx, entry, entry.heardMs))) return "tooManyUnpaid";
  if (!isCovered(entry, others, bounds.amount)) return "purseTooSmall";
  await insert(tx, entry);
  return "added";
};

/** The requests in `store`, which must have `signedMigrations` and `chainMigrations`. */
export const makeSignedStore = (store: Store): SignedStore => ({
  add: (entry, bounds, nowS) => store.tx((tx) => add(tx, entry, bounds, nowS)),
  load: (requestId) =>
    store.read(async (tx) => {
      const [row] = await tx.all(`${from} WHERE r.request_id = ?`, [requestId.toLowerCase()]);
      return row === undefined ? undefined : entryOf(row);
    }),
  byNonce: (requester, nonce, nowS) =>
    store.read(async (tx) => (await openOf(tx, requester, nowS)).find(({ fields }) => fields.sequence === nonce)),
  open: (nowS) =>
    store.read(async (tx) =>
      (await tx.all(`${from} WHERE ${isOpen} ORDER BY r.heard_ms, r.request_id LIMIT ${most}`, [nowS])).map(entryOf),
    ),
  noteInput: (known, nowMs) =>
    store.tx(async (tx) => {
      if (!(await isOnCreditHere(tx, known, nowMs))) return false;
      await tx.run("UPDATE signed_requests SET has_input = 1 WHERE request_id = ?", [known.requestId]);
      return true;
    }),
  end: (requestId, why) =>
    store.tx(async (tx) => {
      await tx.run("UPDATE signed_requests SET ended = ? WHERE request_id = ? AND ended IS NULL", [why, requestId]);
    }),
  prune: (beforeS) =>
    store.tx(async (tx) => {
      await tx.run("DELETE FROM signed_requests WHERE ends_s < ?", [beforeS]);
    }),
});

/** A signed request as the chain's are shown: open, settled, or over without anything paid ("refunded"). */
export const signedCore = (known: KnownSignedRequest, nowS: bigint): RequestCore => {
  const { requestId, words, fields, signature, height: blockNumber, settled, ended, endsAtS } = known;
  const core = { requestId, words, fields, signature, blockNumber };
  if (settled !== undefined) return { ...core, state: "settled", outcome: { ...settled, callbackFailed: false } };
  return { ...core, state: ended === undefined && nowS <= endsAtS ? "open" : "refunded" };
};
