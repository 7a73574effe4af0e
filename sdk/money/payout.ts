import { countBits, hasBit } from "../committee/bitmap.ts";
import type { Member } from "../committee/snapshot.ts";
import { creditEarnings } from "./earnings.ts";
import { lockUp, payPerAsk, type PriceFields, shareDown } from "./lock.ts";

/**
 * `members` are all k in draw order, `attested` their bitmap. `settler` is the place of the attesting member that settles
 * with its node's key, if one does. `earnings` are the members' earnings before, in draw order; zero where it is absent.
 */
export type PayoutInput = {
  readonly request: PriceFields;
  readonly members: readonly Member[];
  readonly attested: bigint;
  readonly settler?: number;
  readonly earnings?: readonly bigint[];
};

/** How a lock is shared out, in units of the payment token: pays + royalty + treasury + settlerTip + leftover = lock. */
export type Payout = {
  readonly lock: bigint;
  /** Per member in draw order: ask * units * scale if it attested, else 0. */
  readonly pays: readonly bigint[];
  /** Of the pay of all members drawn, floored; to the task's publisher. */
  readonly royalty: bigint;
  /** Of the pay of all members drawn, floored; part of `treasury`. */
  readonly fee: bigint;
  /** What absent members would have earned; part of `treasury`. */
  readonly absentPay: bigint;
  /** floor(tip * signers / k). */
  readonly settlerTip: bigint;
  /** The rest of the tip; part of `treasury`. */
  readonly restOfTip: bigint;
  /** Pays and tips beyond what node words can count (2^80 - 1); go to the treasury instead of the members. */
  readonly overflow: bigint;
  /** Fee, absent pay and rest of the tip. Overflow comes on top. */
  readonly treasury: bigint;
  /** The members' earnings afterwards, in draw order. */
  readonly earnings: readonly bigint[];
  /** What goes back to the requester. */
  readonly leftover: bigint;
};

/** Shares out the lock of a settled request: the lock is rounded up, every share down. Equals what settlement pays. */
export function payoutOf(input: PayoutInput): Payout {
  const { request, members, attested } = input;
  const due = members.map(({ ask }) => ask * payPerAsk(request));
  const pays = due.map((pay, index) => (hasBit(attested, index) ? pay : 0n));
  const total = sum(due);
  const lock = lockUp(request);
  const royalty = shareDown(total, request.royaltyBps);
  const fee = shareDown(total, request.protocolFeeBps);
  const absentPay = total - sum(pays);
  const settlerTip = (request.tip * countBits(attested)) / BigInt(members.length);
  const restOfTip = request.tip - settlerTip;
  const treasury = fee + absentPay + restOfTip;
  const leftover = lock - total - royalty - fee - request.tip;
  const credits = creditAll(input, pays, settlerTip);
  const overflow = sum(credits.map((credit) => credit.overflow));
  const earnings = credits.map((credit) => credit.earnings);
  return { lock, pays, royalty, fee, absentPay, settlerTip, restOfTip, overflow, treasury, earnings, leftover };
}

function creditAll({ settler, earnings = [] }: PayoutInput, pays: readonly bigint[], settlerTip: bigint) {
  return pays.map((pay, index) => creditEarnings(earnings[index] ?? 0n, index === settler ? pay + settlerTip : pay));
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
