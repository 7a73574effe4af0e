import type { LocalRequest } from "../../deploy/local/committee.ts";
import { hasBit } from "../../sdk/committee/bitmap.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import type { Equation } from "./ledger.ts";

/** Numbers that leave something to every rounding: 101 units, an odd tip, asks of 5, 7 and 9 up to 11. */
export const oddAsks = [5, 7, 9] as const;
export const oddTerms = { units: 101n, maxAsk: 11n, tip: 100_001n } as const;

/** ceil(k * maxAsk * units * scale * (1 + royalty + fee)) + tip, written out. */
export function lockOf({ fields }: Pick<LocalRequest, "fields">): bigint {
  const base = fields.k * fields.maxAsk * fields.units * 10n ** fields.askExponent;
  const rated = base * (10_000n + fields.royaltyBps + fields.protocolFeeBps);
  return (rated + 9_999n) / 10_000n + fields.tip;
}

/** The parts of a lock that is paid out, as docs/contracts/Money.md writes them: nothing is taken from the code under test. */
export function settledParts(
  { fields }: Pick<LocalRequest, "fields">,
  members: readonly Member[],
  attested: bigint,
): Required<Pick<Equation["parts"], "nodes" | "publisher" | "treasury" | "settler" | "slot">> {
  const pays = members.map(({ ask }) => ask * fields.units * 10n ** fields.askExponent);
  const present = pays.map((pay, seat) => (hasBit(attested, seat) ? pay : 0n));
  const [drawn, paid] = [sum(pays), sum(present)];
  const royalty = (drawn * fields.royaltyBps) / 10_000n;
  const fee = (drawn * fields.protocolFeeBps) / 10_000n;
  const signers = BigInt(present.filter((pay) => pay > 0n).length);
  const settler = (fields.tip * signers) / fields.k;
  return {
    nodes: new Map(members.map(({ nodeId }, seat) => [nodeId, present[seat] ?? 0n])),
    publisher: royalty,
    treasury: fee + (drawn - paid) + (fields.tip - settler),
    settler,
    slot: lockOf({ fields }) - drawn - royalty - fee - fields.tip,
  };
}

/** Two sets of earnings together. */
export function together(...earnings: readonly ReadonlyMap<bigint, bigint>[]): ReadonlyMap<bigint, bigint> {
  const total = new Map<bigint, bigint>();
  for (const map of earnings) for (const [id, amount] of map) total.set(id, (total.get(id) ?? 0n) + amount);
  return total;
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
