import { payoutOf } from "../../sdk/money/payout.ts";
import { lockUp } from "../../sdk/money/lock.ts";
import { bitmapOf } from "../../sdk/committee/bitmap.ts";
import type { Digest } from "../rules/digest.ts";
import type { Books, Party } from "./books.ts";
import type { Bench } from "./seating.ts";
import { money, payUnits, type Setting } from "./setting.ts";

const tip = 20_000n;
/** What a request's price depends on: an ask of 1 at exponent 6 is one pay; 3% protocol fee, no royalty, a tip of 2% of a pay. */
export const priceOf = (k: number) => ({
  ...{ k: BigInt(k), maxAsk: 1n, units: 1n, tip, askExponent: 6n, royaltyBps: 0n, protocolFeeBps: 300n },
});

/** Books what computing cost each member of a committee or panel. */
export function chargeWork(books: Books, { workCost }: Setting, { moves, camps }: Bench): void {
  moves.forEach((move, place) => {
    if (move.kind === "attest" && move.isComputed) books.move(campAt(camps, place), "work", money(workCost));
  });
}

/** Pays a committee for a digest as settlement does, out of the asker's lock. Returns the places that were paid. */
export function paySettled(books: Books, setting: Setting, { members, votes, camps }: Bench, digest: Digest): number[] {
  const attested = [...votes.keys()].filter((place) => votes[place] === digest);
  const request = priceOf(members.length);
  const payout = payoutOf({ request, members, attested: bitmapOf(attested) });
  payout.pays.forEach((pay, place) => books.move(setting.asker, campAt(camps, place), pay));
  books.move(setting.asker, "treasury", payout.treasury + payout.royalty + payout.overflow);
  books.move(setting.asker, "settler", payout.settlerTip);
  if (payout.lock - payout.leftover !== spent(payout.pays) + payout.treasury + payout.royalty + payout.settlerTip)
    throw new Error("The parts of a payout do not sum to the lock.");
  return attested;
}

/** What a request of k nodes locks, in pays. */
export function lockPays(k: number): number {
  return Number(lockUp(priceOf(k))) / Number(payUnits);
}

/** The party of the node at a place. */
export function campAt(camps: Bench["camps"], place: number): Party {
  const camp = camps[place];
  if (camp === undefined) throw new RangeError(`There is no member ${place}.`);
  return camp;
}

function spent(pays: readonly bigint[]): bigint {
  return pays.reduce((sum, pay) => sum + pay, 0n);
}
